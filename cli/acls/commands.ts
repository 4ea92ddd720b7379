import type { Operation } from '../../kafka/index.ts'
import type { Grant } from './grants.ts'

/** How to call `kafka-acls.sh`. */
export interface AclCall {
  /** `host:port` of at least one broker. */
  readonly brokers: readonly string[]
  /** Who gets the grants, as Kafka writes it: `User:orders`. */
  readonly principal: string
  /** A file with the login of an administrator. */
  readonly commandConfig?: string | undefined
}

/** A call of `kafka-acls.sh` for each grant. Granting what is granted already does nothing. */
export function aclCommands(grants: readonly Grant[], { brokers, principal, commandConfig }: AclCall): string[] {
  return grants.map(({ resource, name, pattern, operations }) =>
    [
      'kafka-acls.sh',
      ...['--bootstrap-server', brokers.join()],
      ...(commandConfig === undefined ? [] : ['--command-config', commandConfig]),
      ...['--add', '--allow-principal', principal],
      ...operations.flatMap(operation => ['--operation', inPascalCase(operation)]),
      ...[`--${resource}`, name],
      ...['--resource-pattern-type', pattern]
    ]
      .map(quoted)
      .join(' ')
  )
}

/** As Kafka's tools write them: `DescribeConfigs`. */
const inPascalCase = (operation: Operation): string =>
  operation
    .split('_')
    .map(word => word.slice(0, 1) + word.slice(1).toLowerCase())
    .join('')

/** As a POSIX shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w.,:=@%+/-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
