import { EventtrailError } from '../core/index.ts'
import { protocolErrorOf, toKafkaError } from './errors.ts'

/**
 * - `KAFKA_UNREACHABLE`: no broker, no leader, no answer, not enough replicas: worth another try.
 * - `CLIENT_FAILED`: the Kafka client failed by itself (a `TypeError` and its like). Retryable; it may be stored.
 * - `TOPIC_UNKNOWN`: the topic does not exist; none is made by sending.
 * - `RECORDS_TOO_LARGE`: the topic takes no batch of that size. It is not stored.
 * - `KAFKA_REFUSED`, `KAFKA_AUTHENTICATION`: Kafka says no. It is not stored.
 */
export type SendErrorCode =
  | 'KAFKA_UNREACHABLE'
  | 'CLIENT_FAILED'
  | 'TOPIC_UNKNOWN'
  | 'RECORDS_TOO_LARGE'
  | 'KAFKA_REFUSED'
  | 'KAFKA_AUTHENTICATION'

/** A batch was not acknowledged. */
export class SendError extends EventtrailError<SendErrorCode> {
  /** False only when no byte of the batch can have left this process in this attempt. */
  readonly sent: boolean

  constructor(code: SendErrorCode, message: string, facts: { sent: boolean; cause?: unknown }) {
    super(message, { code, retryable: code === 'KAFKA_UNREACHABLE' || code === 'CLIENT_FAILED', cause: facts.cause })
    this.sent = facts.sent
  }
}

const tooLarge = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
const refusals = new Set([
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'INVALID_REQUIRED_ACKS'
])

/** Turns what kafkajs threw into a {@link SendError}. */
export function toSendError(thrown: unknown, sent: boolean): SendError {
  if (thrown instanceof SendError) return thrown
  const type = protocolErrorOf(thrown) ?? ''
  const facts = { sent, cause: thrown }
  if (tooLarge.has(type))
    return new SendError('RECORDS_TOO_LARGE', `Kafka refused the size of a batch (${type})`, facts)
  if (refusals.has(type)) return new SendError('KAFKA_REFUSED', `Kafka refused a batch (${type})`, facts)
  const { code, message } = toKafkaError(thrown, 'sending to Kafka')
  // Only who reads meets these.
  const refused = code === 'RECORDS_CORRUPT' || code === 'KAFKA_UNSUPPORTED' || code === 'CONSUMER_STALLED'
  return new SendError(refused ? 'KAFKA_REFUSED' : code, message, facts)
}
