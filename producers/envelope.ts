import { misspeltOption } from '../core/index.ts'
import {
  actorHint,
  type Catalogue,
  currentContext,
  type EnvelopeInput,
  type EventVersion,
  encodeEnvelope,
  isOccurredAt,
  SchemaError,
  tracestateRule,
  uuidOf,
  whoNames,
  whoRules
} from '../schemas/index.ts'
import { PublishError } from './errors.ts'
import { timeOfId } from './ids.ts'
import type { PublishOptions } from './types.ts'

/** The identity of an event, as it is in its envelope. */
export type Identity = Pick<EnvelopeInput, 'id' | 'aggregate_id' | 'occurred_at'>

export type Headers = Readonly<Record<string, string>>

const ofPublish = [
  'id',
  'occurredAt',
  'source',
  'actor',
  'traceparent',
  'tracestate'
] satisfies (keyof PublishOptions)[]
// `publishAll` hands over its events as they are.
const optionNames: ReadonlySet<string> = new Set([...ofPublish, 'eventName', 'aggregateId', 'payload'])

/**
 * Checks and completes what identifies an event.
 * @param newId makes the id of an event that has none.
 * @throws PublishError `ENVELOPE_INVALID`
 */
export function identify(
  eventName: string,
  aggregateId: string,
  options: PublishOptions | undefined,
  newId: () => string
): Identity {
  for (const name in options) if (!optionNames.has(name)) refuseMisspelt(eventName, options)
  const id = options?.id === undefined ? newId() : uuidOf(options.id)
  if (!id) throw invalid(eventName, 'id', 'a UUID')
  const aggregate_id = uuidOf(aggregateId)
  if (!aggregate_id) throw invalid(eventName, 'aggregateId', 'a UUID')
  // Published again under its id, an event must be the same one, also in its time. So the time of an id of version 7 is
  // that of the event, also where the id was made here: an error has the id, and it may be given with the next try.
  const time = options?.occurredAt ?? timeOfId(id)
  if (time === undefined) throw invalid(eventName, 'occurredAt', 'given, as the id is not of version 7 and has no time')
  const occurred_at = microseconds(time)
  if (occurred_at === undefined || !isOccurredAt(occurred_at))
    throw invalid(eventName, 'occurredAt', 'a Date, or microseconds since 1970 as a bigint, from 1970 to 9999')
  return { id, aggregate_id, occurred_at }
}

function refuseMisspelt(eventName: string, options: object): void {
  const misspelt = misspeltOption(options, [...optionNames])
  if (misspelt) throw invalid(eventName, misspelt.name, misspelt.expected)
}

function microseconds(time: unknown): bigint | undefined {
  if (typeof time === 'bigint') return time
  const ms = time instanceof Date ? time.getTime() : Number.NaN
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000n
}

const headerRules = { ...whoRules, tracestate: tracestateRule }
const headerNames = [...whoNames, 'tracestate'] as const

/**
 * The headers of one event: `common` ones, those of the context of the caller, and those of the call. A later one counts
 * more; the `tracestate` belongs to the `traceparent` that it came with.
 * @throws PublishError `ENVELOPE_INVALID`
 */
export function headersOf(eventName: string, options: PublishOptions | undefined, common: Headers): Headers {
  const context = currentContext()
  let headers: Record<string, string> | undefined
  for (const name of headerNames) {
    const given: unknown = options?.[name]
    if (given !== undefined) checkHeader(eventName, name, given)
    const isOfOther = name === 'tracestate' && options?.traceparent !== undefined
    const value = (given as string | undefined) ?? (isOfOther ? undefined : context?.[name])
    if (value === undefined) continue
    headers ??= { ...common }
    headers[name] = value
  }
  if (context?.causation === undefined) return headers ?? common
  return { ...(headers ?? common), causation: context.causation }
}

function checkHeader(eventName: string, name: (typeof headerNames)[number], value: unknown): void {
  const { isValid, expected } = headerRules[name]
  if (typeof value === 'string' && isValid(value)) return
  throw invalid(eventName, name, expected, name === 'actor' ? actorHint(value) : undefined)
}

function invalid(eventName: string, field: string, expected: string, hint?: string): PublishError {
  const message = `${eventName}: expected \`${field}\` to be ${expected}${hint === undefined ? '' : `; ${hint}`}`
  return new PublishError('ENVELOPE_INVALID', message, { eventName, field })
}

/** The version of an event that is published. @throws PublishError `EVENT_UNKNOWN` */
export function versionOf(catalogue: Catalogue, eventName: string, pinned: number | undefined): EventVersion {
  try {
    return catalogue.version(eventName, pinned)
  } catch (error) {
    throw error instanceof SchemaError
      ? new PublishError('EVENT_UNKNOWN', error.message, { eventName, cause: error })
      : error
  }
}

/** The bytes that go over the wire. @throws PublishError `PAYLOAD_INVALID` naming the field */
export function encode(
  version: EventVersion,
  identity: Identity,
  payload: unknown,
  registered: { readonly id: number; readonly version: number }
): Buffer {
  try {
    return encodeEnvelope(version, registered.id, { ...identity, payload }, registered.version)
  } catch (error) {
    throw error instanceof SchemaError
      ? new PublishError('PAYLOAD_INVALID', error.message, {
          eventName: version.eventName,
          id: identity.id,
          field: error.field,
          cause: error
        })
      : error
  }
}

// Lengths, deltas and attributes of a record, and of each header, as varints: at most so many bytes.
const recordOverhead = 32
/** What a Kafka batch takes besides its records. */
export const batchOverhead = 61
const headerOverhead = 10

/** About what a record takes in a Kafka batch, in bytes, rather more than less. */
export function recordBytes(value: Buffer, key: string, headers: Headers): number {
  let bytes = recordOverhead + key.length + value.length
  for (const name in headers) bytes += headerOverhead + name.length + (headers[name] as string).length
  return bytes
}
