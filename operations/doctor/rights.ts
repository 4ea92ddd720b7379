import { describeError, few } from '../../core/index.ts'
import { type GroupDescription, type KafkaAdmin, KafkaError, type Operation } from '../../kafka/index.ts'
import { type Finding, warning, wrong } from './finding.ts'

/**
 * The topics that this user may not read, while it may read others: a sink with the same user leaves them out. A user
 * that may read none has the rights of a doctor, not of a sink, and nothing follows from them.
 */
export function unreadable(operations: ReadonlyMap<string, ReadonlySet<Operation>>): readonly string[] {
  const without = [...operations].filter(([, allowed]) => !allowed.has('READ')).map(([topic]) => topic)
  return without.length < operations.size ? without : []
}

/** What this user may not do with the topics of a sink, by the broker's own word. Never throws. */
export async function examineRights(admin: KafkaAdmin, topics: readonly string[]): Promise<Finding[]> {
  try {
    const unread = unreadable(await admin.operations(topics))
    if (unread.length === 0) return []
    return [
      wrong(
        'rights',
        `Kafka does not grant this user READ on ${few(unread, 10)}: a sink with this user reads the other topics and not ${unread.length === 1 ? 'this one' : 'these'}. \`eventtrail acls sink\` prints the commands`
      )
    ]
  } catch (error) {
    return [warning('rights', `the rights on topics could not be looked up: ${describeError(error)}`)]
  }
}

/** The members of a group, or a finding where Kafka does not let this user look. @throws KafkaError otherwise */
export async function membersOf(
  admin: KafkaAdmin,
  group: string
): Promise<{ readonly described?: GroupDescription; readonly findings: readonly Finding[] }> {
  try {
    return { described: await admin.describeGroup(group), findings: [] }
  } catch (error) {
    if (!(error instanceof KafkaError && error.code === 'NOT_AUTHORIZED')) throw error
    return { findings: [wrong('rights', describeError(error))] }
  }
}
