/** What a right allows, by Kafka's names. */
export type Operation =
  | 'READ'
  | 'WRITE'
  | 'CREATE'
  | 'DELETE'
  | 'ALTER'
  | 'DESCRIBE'
  | 'DESCRIBE_CONFIGS'
  | 'IDEMPOTENT_WRITE'

/** What a right is about, by Kafka's names. */
type ResourceType = 'topic' | 'group' | 'cluster' | 'transactional id'

/** A right that Kafka's access control grants, or does not. */
export interface Right {
  /** Undefined where Kafka does not say which one is missing. */
  readonly operation?: Operation | undefined
  readonly resource: ResourceType
  /** Of the topic, the group or the transactional id; undefined where Kafka does not say which one it is about. */
  readonly name?: string | undefined
  /** Who lacks it, as Kafka's tools write it (`User:orders`); undefined where only the broker knows that. */
  readonly principal?: string | undefined
}

/** The names of the protocol for a right that is missing, by what it is about. */
const refusals: Readonly<Record<string, ResourceType>> = {
  TOPIC_AUTHORIZATION_FAILED: 'topic',
  GROUP_AUTHORIZATION_FAILED: 'group',
  CLUSTER_AUTHORIZATION_FAILED: 'cluster',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'transactional id'
}

/**
 * The right that an error of the protocol says is missing; undefined where the error is about something else.
 * @param asked the rights that the request needs: Kafka's answer names the kind of resource at most
 */
export function missingRight(protocolError: string | undefined, asked: readonly Right[] = []): Right | undefined {
  const resource = protocolError === undefined ? undefined : refusals[protocolError]
  if (resource === undefined) return undefined
  // A producer that may write to no topic is refused as one that lacks a right on the cluster.
  return asked.find(right => right.resource === resource) ?? asked[0] ?? { resource }
}

/** "READ on group orders.sink". */
export function rightInWords({ operation, resource, name }: Right): string {
  const what = name === undefined ? `${resource === 'cluster' ? 'the' : 'a'} ${resource}` : `${resource} ${name}`
  return operation === undefined ? `a right on ${what}` : `${operation} on ${what}`
}

/** What is missing and what to do, as a sentence without its full stop. */
export function missingInWords(right: Right): string {
  const { principal = 'this client' } = right
  return `Kafka does not grant ${principal} ${rightInWords(right)}. Grant it; \`eventtrail acls\` prints the commands`
}

/** The bit of each operation in the sets that a broker answers with: its code in Kafka's protocol guide. */
const bits: Readonly<Record<Operation, number>> = {
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  DESCRIBE_CONFIGS: 10,
  IDEMPOTENT_WRITE: 12
}
/** What a broker answers with that was not asked. */
const notAsked = -2_147_483_648

/** The operations in a set of authorized operations; undefined where the broker did not answer that. */
export function operationsOf(set: number): ReadonlySet<Operation> | undefined {
  if (set === notAsked) return undefined
  return new Set((Object.keys(bits) as Operation[]).filter(operation => (set & (1 << bits[operation])) !== 0))
}
