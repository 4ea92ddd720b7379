import { EventtrailError } from '../../core/index.ts'
import { KafkaError, missingInWords, type Right, SendError } from '../../kafka/index.ts'
import { PublishError, type PublishErrorCode } from '../errors.ts'
import type { Pending } from './types.ts'

const mayBeStored = 'It may be stored: publish it again with the same id, and it counts once'

/** Whether it is Kafka's answer that this client lacks a right: no outage. */
export const isAnswer = (thrown: unknown): boolean => thrown instanceof KafkaError && thrown.code === 'NOT_AUTHORIZED'

/** The deadline passed. */
export function lateError(item: Pending, timeoutMs: number, sent: boolean): PublishError {
  const { eventName, lastError } = item.route
  const rest = sent ? mayBeStored : 'It never left this process'
  return new PublishError('TIMED_OUT', `${eventName} was not acknowledged within ${timeoutMs} ms. ${rest}`, {
    eventName,
    id: item.id,
    outcome: sent ? 'unknown' : 'failed',
    cause: lastError
  })
}

/** The producer was closed before the answer came. */
export function abandonedError(item: Pending, sent: boolean): PublishError {
  const { eventName } = item.route
  const rest = sent ? mayBeStored : 'It was not sent'
  return new PublishError(
    'CLOSED',
    `${eventName}: the producer was closed before the event was acknowledged. ${rest}`,
    {
      eventName,
      id: item.id,
      outcome: sent ? 'unknown' : 'failed'
    }
  )
}

const codes: Readonly<Record<string, PublishErrorCode>> = {
  TOPIC_UNKNOWN: 'TOPIC_UNKNOWN',
  RECORDS_TOO_LARGE: 'TOO_LARGE',
  SCHEMA_UNREGISTERED: 'SCHEMA_UNREGISTERED'
}

/**
 * Kafka or the registry said no.
 * @param mayStand whether an attempt before this one may have stored it.
 */
export function refusalError(item: Pending, thrown: unknown, mayStand: boolean): PublishError {
  const { eventName, topic } = item.route
  const code = (thrown instanceof EventtrailError && codes[thrown.code]) || 'REFUSED'
  return new PublishError(code, `${eventName}: ${reason(code, topic, thrown)}${mayStand ? `. ${mayBeStored}` : ''}`, {
    eventName,
    id: item.id,
    outcome: mayStand ? 'unknown' : 'failed',
    ...(rightIn(thrown) && { misconfigured: true }),
    cause: thrown
  })
}

/** The right that is missing, where that is why. */
const rightIn = (thrown: unknown): Right | undefined =>
  thrown instanceof KafkaError || thrown instanceof SendError ? thrown.right : undefined

function reason(code: PublishErrorCode, topic: string, thrown: unknown): string {
  const right = rightIn(thrown)
  // A producer that may write to no topic learns that before it names one.
  if (right) return missingInWords({ ...right, name: right.name ?? topic })
  switch (code) {
    case 'TOPIC_UNKNOWN':
      return `Kafka has no topic ${topic}. Check \`topicPrefix\`; topics are made by \`eventtrail schemas register\``
    case 'TOO_LARGE':
      return `the event is larger than the topic ${topic} takes (its max.message.bytes)`
    case 'SCHEMA_UNREGISTERED':
      return (thrown as Error).message.replace(/^[^:]+: /, '')
    default:
      return thrown instanceof EventtrailError ? thrown.message : 'it could not be published'
  }
}
