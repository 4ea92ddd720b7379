import { EventtrailError, isDefect } from '../core/index.ts'

/**
 * - `RECORDS_CORRUPT`: a record batch is not what Kafka's protocol says.
 * - `KAFKA_UNSUPPORTED`: Kafka before 2.3.
 * - `CLIENT_FAILED`: the Kafka client failed by itself (a `TypeError` and its like), so whether Kafka can be reached is
 *   not known. Retryable.
 * - `CONSUMER_STALLED`: a consumer stood still, and building it anew did not help: the process is to be started again.
 */
export type KafkaErrorCode =
  | 'KAFKA_UNREACHABLE'
  | 'TOPIC_UNKNOWN'
  | 'KAFKA_REFUSED'
  | 'KAFKA_AUTHENTICATION'
  | 'RECORDS_CORRUPT'
  | 'KAFKA_UNSUPPORTED'
  | 'CLIENT_FAILED'
  | 'CONSUMER_STALLED'

/** Kafka could not be reached, refused, or answered what cannot be read. */
export class KafkaError extends EventtrailError<KafkaErrorCode> {
  constructor(code: KafkaErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: code === 'KAFKA_UNREACHABLE' || code === 'CLIENT_FAILED', cause })
  }
}

/** The protocol's name of an error (`UNKNOWN_TOPIC_OR_PARTITION`), looked for down the chain of causes. */
export function protocolErrorOf(thrown: unknown): string | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ('type' in error && typeof error.type === 'string') return error.type
    if ('errors' in error && Array.isArray(error.errors) && error.errors[0]) return protocolErrorOf(error.errors[0])
  }
  return undefined
}

/** The brokers take no members with such a session timeout. */
export function refusedSession(sessionTimeoutMs: number, cause: unknown): KafkaError {
  return new KafkaError(
    'KAFKA_REFUSED',
    `Kafka refuses a session timeout of ${sessionTimeoutMs} ms: the brokers' group.min.session.timeout.ms (6000 as shipped) and group.max.session.timeout.ms say what it can be`,
    cause
  )
}

/** The group has members of another kind, and Kafka lets nobody in who is not of that kind. */
export function strangerInGroup(group: string, cause?: unknown): KafkaError {
  return new KafkaError(
    'KAFKA_REFUSED',
    `Another kind of consumer is in group ${group}: stop it, or give one of the two another group. \`kafka-consumer-groups.sh --describe --members --group ${group}\` names it`,
    cause
  )
}

const refusals = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_CONFIG',
  'INCONSISTENT_GROUP_PROTOCOL',
  'POLICY_VIOLATION'
])

/** Turns whatever the client threw into a {@link KafkaError}; one of ours passes through. */
export function toKafkaError(thrown: unknown, doing: string): KafkaError {
  if (thrown instanceof KafkaError) return thrown
  const type = protocolErrorOf(thrown)
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION')
    return new KafkaError('TOPIC_UNKNOWN', `${doing}: no such topic or partition`, thrown)
  if (type && refusals.has(type)) return new KafkaError('KAFKA_REFUSED', `${doing}: Kafka refused (${type})`, thrown)
  const name = thrown instanceof Error ? thrown.name : ''
  if (name === 'KafkaJSSASLAuthenticationError')
    return new KafkaError('KAFKA_AUTHENTICATION', `${doing}: Kafka did not accept the credentials`, thrown)
  const defect = defectIn(thrown)
  if (defect)
    return new KafkaError('CLIENT_FAILED', `${doing}: the Kafka client failed by itself (${defect.name})`, thrown)
  return new KafkaError('KAFKA_UNREACHABLE', `${doing}: Kafka is unreachable`, thrown)
}

/** kafkajs wraps what it or its encoder trips over, and calls that an error of Kafka's. */
function defectIn(thrown: unknown): Error | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth += 1)
    if (isDefect(error)) return error
  return undefined
}
