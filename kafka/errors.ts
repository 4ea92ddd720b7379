import { type ErrorCodes, EventtrailError } from '../core/index.ts'
import type { Right } from './rights.ts'

/** What keeps a connection from being made though a broker answers: the settings of one side have to change. */
const connectionErrorCodes = {
  KAFKA_AUTHENTICATION: {
    misconfigured: true,
    meaning:
      'Kafka does not accept the user name or the password, or the token endpoint does not accept the client id or its secret. The message names the settings.'
  },
  KAFKA_TOKEN_REFUSED: {
    misconfigured: true,
    meaning:
      'Kafka does not accept the token: it has expired, is signed with an unknown key, or is for another audience or issuer. The message has the status that Kafka gives.'
  },
  KAFKA_TOKEN_UNAVAILABLE: {
    retryable: true,
    meaning: 'No token for the login to Kafka: the token endpoint or AWS gives none. The message says why.'
  },
  KAFKA_LOGIN_MISMATCH: {
    misconfigured: true,
    meaning:
      'The port of Kafka asks for a login and none is set, takes no login, or takes no login by this mechanism. The message names the mechanisms.'
  },
  KAFKA_TLS_MISMATCH: {
    misconfigured: true,
    meaning:
      'One side speaks TLS and the other does not, or they have no version or cipher of TLS in common. Check `tls` (`KAFKA_SSL`) and the port.'
  },
  KAFKA_CERTIFICATE_UNTRUSTED: {
    misconfigured: true,
    meaning:
      'The certificate of a broker is signed by no trusted authority. Give its CA in `tls.ca` (`KAFKA_SSL_CA_LOCATION`).'
  },
  KAFKA_CERTIFICATE_EXPIRED: {
    misconfigured: true,
    meaning:
      'The certificate of a broker or of its CA has expired, or is not valid yet. Renew it, or correct the clock.'
  },
  KAFKA_CERTIFICATE_NAME: {
    misconfigured: true,
    meaning:
      'The certificate of a broker is for another name. Use a name that is in it, or give one in `tls.serverName` (`KAFKA_SSL_SERVER_NAME`).'
  },
  KAFKA_CERTIFICATE_REFUSED: {
    misconfigured: true,
    meaning:
      'A broker wants a client certificate, or refuses the given one. Check `tls.certificate` and `tls.key` (`KAFKA_SSL_CERTIFICATE_LOCATION`, `KAFKA_SSL_KEY_LOCATION`).'
  }
} as const satisfies ErrorCodes

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
  OFFSET_OUT_OF_RANGE: {
    meaning:
      'The log of a partition does not have the offset that was to be read: retention removed it, or the topic was deleted and made again. Read from where the log begins now.'
  },
  KAFKA_REFUSED: {
    meaning: 'Kafka says no: a setting or a policy. The message has the name that Kafka gives.'
  },
  ...connectionErrorCodes,
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

  /** @param facts.retryable default: that of the code */
  constructor(
    code: KafkaErrorCode,
    message: string,
    cause?: unknown,
    protocolError?: string,
    { right, ...facts }: { readonly retryable?: boolean; readonly right?: Right } = {}
  ) {
    super(message, { code, ...kafkaErrorCodes[code], cause, ...facts })
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

/**
 * Whether a broker answers and no connection comes of it: TLS or the login fails. Retryable once the cluster has let
 * this process in: a certificate or a password is being replaced then.
 */
export const isConnectionRefusal = (error: unknown): error is KafkaError =>
  error instanceof KafkaError && error.code !== 'KAFKA_TOKEN_UNAVAILABLE' && error.code in connectionErrorCodes

const { KAFKA_UNAVAILABLE, CLIENT_FAILED, TOPIC_UNKNOWN, NOT_AUTHORIZED, KAFKA_REFUSED } = kafkaErrorCodes

export const sendErrorCodes = {
  KAFKA_UNAVAILABLE,
  CLIENT_FAILED,
  TOPIC_UNKNOWN,
  RECORDS_TOO_LARGE: { meaning: 'The topic takes no batch of that size (its `max.message.bytes`). Nothing is stored.' },
  NOT_AUTHORIZED,
  KAFKA_REFUSED,
  ...connectionErrorCodes
} as const satisfies ErrorCodes

export type SendErrorCode = keyof typeof sendErrorCodes

/** A batch was not acknowledged. */
export class SendError extends EventtrailError<SendErrorCode> {
  /** False only when no byte of the batch can have left this process in this attempt. */
  readonly sent: boolean
  /** The right that is missing, with `NOT_AUTHORIZED`. */
  readonly right: Right | undefined

  /** @param facts.retryable default: that of the code */
  constructor(
    code: SendErrorCode,
    message: string,
    { sent, right, ...facts }: { sent: boolean; cause?: unknown; retryable?: boolean; right?: Right }
  ) {
    super(message, { code, ...sendErrorCodes[code], ...facts })
    this.sent = sent
    this.right = right
  }
}
