import { type ErrorCodes, EventtrailError } from '../core/index.ts'
import { kafkaErrorCodes } from './errors.ts'

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
