import { type ErrorCodes, EventtrailError, isDefect } from '../core/index.ts'

export const kafkaErrorCodes = {
  KAFKA_UNAVAILABLE: {
    retryable: true,
    meaning: 'No broker, no leader or no answer in time. Check the list of brokers and that they run.'
  },
  TOPIC_UNKNOWN: {
    meaning: 'Kafka has no such topic or partition. Check the prefix; `eventtrail schemas register` makes topics.'
  },
  KAFKA_REFUSED: {
    meaning: 'Kafka says no: a right, a setting or a policy. The message has the name that Kafka gives.'
  },
  KAFKA_AUTHENTICATION: { meaning: 'Kafka does not accept the user name or the password.' },
  KAFKA_UNSUPPORTED: { meaning: 'A broker is older than Kafka 2.3, or a batch has an unknown format.' },
  RECORDS_CORRUPT: { meaning: 'A batch of the log is not what the protocol of Kafka says.' },
  CLIENT_FAILED: {
    retryable: true,
    meaning:
      'The Kafka client itself failed (a `TypeError` or the like), so it is not known whether Kafka is reachable. Please report it.'
  },
  CONSUMER_STALLED: { meaning: 'A Kafka consumer was stuck and rebuilding it did not help. Start the process again.' }
} as const satisfies ErrorCodes
export type KafkaErrorCode = keyof typeof kafkaErrorCodes

/** Kafka could not be reached, refused, or answered what cannot be read. */
export class KafkaError extends EventtrailError<KafkaErrorCode> {
  constructor(code: KafkaErrorCode, message: string, cause?: unknown) {
    super(message, { code, ...kafkaErrorCodes[code], cause })
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
  return new KafkaError('KAFKA_UNAVAILABLE', `${doing}: Kafka is unreachable`, thrown)
}

/** kafkajs wraps what it or its encoder trips over, and calls that an error of Kafka's. */
function defectIn(thrown: unknown): Error | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth += 1)
    if (isDefect(error)) return error
  return undefined
}
