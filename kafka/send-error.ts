import { type ErrorCodes, EventtrailError } from '../core/index.ts'
import { kafkaErrorCodes, protocolErrorOf, toKafkaError } from './errors.ts'

const { KAFKA_UNAVAILABLE, CLIENT_FAILED, TOPIC_UNKNOWN, KAFKA_REFUSED, KAFKA_AUTHENTICATION } = kafkaErrorCodes

export const sendErrorCodes = {
  KAFKA_UNAVAILABLE,
  CLIENT_FAILED,
  TOPIC_UNKNOWN,
  RECORDS_TOO_LARGE: { meaning: 'The topic takes no batch of that size (its `max.message.bytes`). Nothing is stored.' },
  KAFKA_REFUSED,
  KAFKA_AUTHENTICATION
} as const satisfies ErrorCodes
export type SendErrorCode = keyof typeof sendErrorCodes

/** A batch was not acknowledged. */
export class SendError extends EventtrailError<SendErrorCode> {
  /** False only when no byte of the batch can have left this process in this attempt. */
  readonly sent: boolean

  constructor(code: SendErrorCode, message: string, facts: { sent: boolean; cause?: unknown }) {
    super(message, { code, ...sendErrorCodes[code], cause: facts.cause })
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
