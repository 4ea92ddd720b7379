import { type ErrorCodes, EventtrailError } from '../core/index.ts'
import type { Right } from './rights.ts'

export const kafkaErrorCodes = {
  KAFKA_UNAVAILABLE: {
    retryable: true,
    meaning: 'No broker, no leader or no answer in time. Check the list of brokers and that they run.'
  },
  TOPIC_UNKNOWN: {
    meaning: 'Kafka has no such topic or partition. Check the prefix; `eventtrail schemas register` makes topics.'
  },
  NOT_AUTHORIZED: {
    misconfigured: true,
    meaning:
      'Kafka does not grant a right that this needs. The message and `right` name it; `eventtrail acls` prints the commands that grant it.'
  },
  KAFKA_REFUSED: {
    meaning: 'Kafka says no: a setting or a policy. The message has the name that Kafka gives.'
  },
  KAFKA_AUTHENTICATION: { meaning: 'Kafka does not accept the user name or the password.' },
  KAFKA_UNSUPPORTED: { meaning: 'A broker is older than Kafka 2.3, or a batch has an unknown format.' },
  CLIENT_UNSUPPORTED: {
    misconfigured: true,
    meaning:
      'Another version of kafkajs is installed than the one that eventtrail patches. Remove the override or the alias that brings it.'
  },
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
  /** The protocol's name of the error (`UNKNOWN_TOPIC_OR_PARTITION`), where a broker answered with one. */
  readonly protocolError: string | undefined
  /** The right that is missing, with `NOT_AUTHORIZED`. */
  readonly right: Right | undefined

  constructor(code: KafkaErrorCode, message: string, cause?: unknown, protocolError?: string, right?: Right) {
    super(message, { code, ...kafkaErrorCodes[code], cause })
    this.protocolError = protocolError
    this.right = right
  }
}

/** The brokers take no members with such a session timeout. */
export function refusedSession(sessionTimeoutMs: number, cause: unknown): KafkaError {
  return new KafkaError(
    'KAFKA_REFUSED',
    `Kafka refuses a session timeout of ${sessionTimeoutMs} ms: the brokers' group.min.session.timeout.ms (6000 as shipped) and group.max.session.timeout.ms say what it can be`,
    cause
  )
}

/** The group has members of another kind, and Kafka lets no other kind in. */
export function strangerInGroup(group: string, cause?: unknown): KafkaError {
  return new KafkaError(
    'KAFKA_REFUSED',
    `Another kind of consumer is in group ${group}: stop it, or give one of the two another group. \`kafka-consumer-groups.sh --describe --members --group ${group}\` names it`,
    cause
  )
}

const { KAFKA_UNAVAILABLE, CLIENT_FAILED, TOPIC_UNKNOWN, NOT_AUTHORIZED, KAFKA_REFUSED, KAFKA_AUTHENTICATION } =
  kafkaErrorCodes

export const sendErrorCodes = {
  KAFKA_UNAVAILABLE,
  CLIENT_FAILED,
  TOPIC_UNKNOWN,
  RECORDS_TOO_LARGE: { meaning: 'The topic takes no batch of that size (its `max.message.bytes`). Nothing is stored.' },
  NOT_AUTHORIZED,
  KAFKA_REFUSED,
  KAFKA_AUTHENTICATION
} as const satisfies ErrorCodes

export type SendErrorCode = keyof typeof sendErrorCodes

/** A batch was not acknowledged. */
export class SendError extends EventtrailError<SendErrorCode> {
  /** False only when no byte of the batch can have left this process in this attempt. */
  readonly sent: boolean
  /** The right that is missing, with `NOT_AUTHORIZED`. */
  readonly right: Right | undefined

  constructor(code: SendErrorCode, message: string, facts: { sent: boolean; cause?: unknown; right?: Right }) {
    super(message, { code, ...sendErrorCodes[code], cause: facts.cause })
    this.sent = facts.sent
    this.right = facts.right
  }
}
