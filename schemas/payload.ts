import { type Complete, compileCompleter, parseSchema, Refusal } from './avro/index.ts'
import { namespaceOf } from './envelope.ts'
import { SchemaError } from './errors.ts'
import type { EventVersion } from './types.ts'

const completers = {
  value: new WeakMap<EventVersion, Complete>(),
  json: new WeakMap<EventVersion, Complete>()
}

/**
 * The payload as a reader will get it: defaults filled in, uuids in lower case, floats rounded to float32,
 * -0 as 0, longs and times as bigint. The value given is not changed.
 * @throws SchemaError `PAYLOAD_INVALID` naming every field that is wrong and what it takes, never a value.
 */
export function completePayload(version: EventVersion, payload: unknown): Readonly<Record<string, unknown>> {
  return completed(version, payload, 'value')
}

/**
 * A payload in JSON, as the trail has it, as a payload that can be published: numbers of all their digits become
 * bigints and decimals, base64 becomes bytes, ISO 8601 text becomes times, and a value of a union gets its branch back.
 * Published, it is stored as the same JSON again.
 * @param json what `parseExactJson` gave; with `JSON.parse`, numbers of more than 15 digits may have lost some.
 * @throws SchemaError `PAYLOAD_INVALID` as `completePayload`.
 */
export function payloadFromJson(version: EventVersion, json: unknown): Readonly<Record<string, unknown>> {
  return completed(version, json, 'json')
}

function completed(version: EventVersion, payload: unknown, form: 'value' | 'json') {
  let complete = completers[form].get(version)
  if (!complete) {
    complete = compileCompleter(parseSchema(version.payload, namespaceOf(version.eventName)), form)
    completers[form].set(version, complete)
  }
  try {
    return complete(payload) as Readonly<Record<string, unknown>>
  } catch (refusal) {
    throw refusal instanceof Refusal ? invalid(version, refusal) : refusal
  }
}

function invalid(version: EventVersion, { faults, isFull }: Refusal): SchemaError {
  const all = faults.map(({ field, message }) => `${field ? `\`${field}\`` : 'the payload'} ${message}`)
  const message = `${version.eventName} version ${version.version}: ${all.join('; ')}${isFull ? '; and more' : ''}`
  return new SchemaError('PAYLOAD_INVALID', message, { field: faults[0]?.field ?? '' })
}

/** Checks a payload before anything is sent. @throws SchemaError `PAYLOAD_INVALID` */
export function validatePayload(version: EventVersion, payload: unknown): void {
  completePayload(version, payload)
}
