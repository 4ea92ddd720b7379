import { isDefect } from '../../core/index.ts'
import {
  isConnectionRefusal,
  KafkaError,
  type KafkaErrorCode,
  SendError,
  type SendErrorCode,
  sendErrorCodes
} from '../errors.ts'
import { fetchVersion } from '../log/index.ts'
import { missingInWords, missingRight, type Right } from '../rights.ts'
import { type ConnectionFault, named, tlsFault } from '../security/index.ts'

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

export interface RefusalFacts {
  /** When the client certificate ends, where there is one. */
  readonly certificateEnds?: string | undefined
  /** True where the cluster has not let this process in yet: then a refusal is no matter of time. */
  readonly isFirst?: boolean
}

/** A login of another kind than the port takes. */
const ofLogin = new Set(['ILLEGAL_SASL_STATE', 'UNSUPPORTED_SASL_MECHANISM'])
export const isOfLogin = (protocolError: string | undefined): boolean => ofLogin.has(protocolError ?? '')

/** An error and its causes, down to a bound: a chain may be a circle. */
export function* chainOf(thrown: unknown, most = 8): Generator<Error> {
  for (let error = thrown, depth = 0; error instanceof Error && depth < most; error = error.cause, depth += 1)
    yield error
}

/**
 * Turns whatever kafkajs threw into a {@link KafkaError}, unless it is one.
 * @param asked the rights that the request needs, to name the one that is missing
 */
export function toKafkaError(
  thrown: unknown,
  doing: string,
  asked: readonly Right[] = [],
  facts: RefusalFacts = {}
): KafkaError {
  if (thrown instanceof KafkaError) return thrown
  const type = protocolErrorOf(thrown)
  const failed = (code: KafkaErrorCode, words: string) => new KafkaError(code, `${doing}: ${words}`, thrown, type)
  const refused = (code: KafkaErrorCode, words: string) =>
    new KafkaError(code, `${doing}: ${words}`, thrown, type, facts.isFirst ? {} : { retryable: true })
  const known = connectionFault(thrown, facts.certificateEnds)
  if (known) return refused(known.code, known.words)
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return failed('TOPIC_UNKNOWN', 'no such topic or partition')
  const right = missingRight(type, asked)
  if (right) return new KafkaError('NOT_AUTHORIZED', `${doing}: ${missingInWords(right)}`, thrown, type, { right })
  if (type && refusals.has(type)) return failed('KAFKA_REFUSED', `Kafka refused (${type})`)
  const login = loginErrorIn(thrown)
  if (isOfLogin(type) || /is not supported by the server/.test(login?.message ?? ''))
    return refused(
      'KAFKA_LOGIN_MISMATCH',
      `Kafka takes no login of this kind${type ? ` (${type})` : ''}: check ${named('sasl.mechanism')} and the port`
    )
  if (login || type === 'SASL_AUTHENTICATION_FAILED')
    return refused(
      'KAFKA_AUTHENTICATION',
      `Kafka did not accept the login: check ${named('sasl.username')} and ${named('sasl.password')}`
    )
  const defect = defectIn(thrown)
  if (defect) return failed('CLIENT_FAILED', `the Kafka client failed by itself (${defect.name})`)
  return failed('KAFKA_UNAVAILABLE', 'Kafka is unreachable')
}

/** What ended a member of a group, where TLS or the login did. */
export function refusalIn(ended: unknown): KafkaError | undefined {
  const error = toKafkaError(ended, 'reading from Kafka')
  return isConnectionRefusal(error) ? error : undefined
}

/** What TLS or the login says, looked for down the chain of causes. */
function connectionFault(thrown: unknown, certificateEnds: string | undefined): ConnectionFault | undefined {
  for (const error of chainOf(thrown)) {
    if (error instanceof KafkaError) return { code: error.code, words: error.message }
    if (!('code' in error) || typeof error.code !== 'string') continue
    const broker = 'broker' in error && typeof error.broker === 'string' ? error.broker : 'a broker'
    const fault = tlsFault(error.code, broker, certificateEnds)
    if (fault) return fault
  }
  return undefined
}

function loginErrorIn(thrown: unknown): Error | undefined {
  for (const error of chainOf(thrown)) if (error.name === 'KafkaJSSASLAuthenticationError') return error
  return undefined
}

/** kafkajs wraps what it or its encoder trips over, and calls that an error of Kafka's. */
function defectIn(thrown: unknown): Error | undefined {
  for (const error of chainOf(thrown, 5)) if (isDefect(error)) return error
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
  const { code, message, retryable, right } = toKafkaError(thrown, 'sending to Kafka', asked)
  // Only consumers meet the other codes.
  const known = code in sendErrorCodes ? (code as SendErrorCode) : 'KAFKA_REFUSED'
  return new SendError(known, message, { ...facts, retryable, ...(right && { right }) })
}

/** A broker that cannot be read from. */
export const tooOld = (): KafkaError =>
  new KafkaError('KAFKA_UNSUPPORTED', `a broker does not speak Fetch ${fetchVersion}: Kafka 2.3 or later is needed`)
