import { isDefect } from '../../core/index.ts'
import { KafkaError, type KafkaErrorCode, SendError, type SendErrorCode, sendErrorCodes } from '../errors.ts'
import { missingInWords, missingRight, type Right } from '../rights.ts'

/** The protocol's name of an error (`UNKNOWN_TOPIC_OR_PARTITION`), looked for down the chain of causes. */
export function protocolErrorOf(thrown: unknown): string | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if ('type' in error && typeof error.type === 'string') return error.type
    if ('errors' in error && Array.isArray(error.errors) && error.errors[0]) return protocolErrorOf(error.errors[0])
  }
  return undefined
}

const refusals = new Set([
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_CONFIG',
  'INCONSISTENT_GROUP_PROTOCOL',
  'POLICY_VIOLATION'
])

/**
 * Turns whatever kafkajs threw into a {@link KafkaError}, unless it is one.
 * @param asked the rights that the request needs, to name the one that is missing
 */
export function toKafkaError(thrown: unknown, doing: string, asked: readonly Right[] = []): KafkaError {
  if (thrown instanceof KafkaError) return thrown
  const type = protocolErrorOf(thrown)
  const failed = (code: KafkaErrorCode, words: string) => new KafkaError(code, `${doing}: ${words}`, thrown, type)
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return failed('TOPIC_UNKNOWN', 'no such topic or partition')
  const right = missingRight(type, asked)
  if (right) return new KafkaError('NOT_AUTHORIZED', `${doing}: ${missingInWords(right)}`, thrown, type, right)
  if (type && refusals.has(type)) return failed('KAFKA_REFUSED', `Kafka refused (${type})`)
  const name = thrown instanceof Error ? thrown.name : ''
  if (name === 'KafkaJSSASLAuthenticationError')
    return failed('KAFKA_AUTHENTICATION', 'Kafka did not accept the credentials')
  const defect = defectIn(thrown)
  if (defect) return failed('CLIENT_FAILED', `the Kafka client failed by itself (${defect.name})`)
  return failed('KAFKA_UNAVAILABLE', 'Kafka is unreachable')
}

/** kafkajs wraps what it or its encoder trips over, and calls that an error of Kafka's. */
function defectIn(thrown: unknown): Error | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth += 1)
    if (isDefect(error)) return error
  return undefined
}

const tooLarge = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
const refusedRecords = new Set([
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'INVALID_REQUIRED_ACKS'
])

/**
 * Turns what kafkajs threw into a {@link SendError}.
 * @param asked the rights that sending needs
 */
export function toSendError(thrown: unknown, sent: boolean, asked: readonly Right[] = []): SendError {
  if (thrown instanceof SendError) return thrown
  const type = protocolErrorOf(thrown) ?? ''
  const facts = { sent, cause: thrown }
  if (tooLarge.has(type))
    return new SendError('RECORDS_TOO_LARGE', `Kafka refused the size of a batch (${type})`, facts)
  if (refusedRecords.has(type)) return new SendError('KAFKA_REFUSED', `Kafka refused a batch (${type})`, facts)
  const { code, message, right } = toKafkaError(thrown, 'sending to Kafka', asked)
  // Only consumers meet the other codes.
  const known = code in sendErrorCodes ? (code as SendErrorCode) : 'KAFKA_REFUSED'
  return new SendError(known, message, { ...facts, ...(right && { right }) })
}
