import { type Complete, compileCompleter, Refusal } from './complete.ts'
import { namespaceOf } from './envelope.ts'
import { SchemaError } from './errors.ts'
import { parseSchema } from './model.ts'
import type { EventVersion } from './types.ts'

const completers = new WeakMap<EventVersion, Complete>()

/**
 * The payload as a reader will get it: defaults filled in, uuids in lower case, floats rounded to float32,
 * -0 as 0, longs as bigint. The value given is not changed.
 * @throws SchemaError `PAYLOAD_INVALID` naming the field and what it takes, never the value.
 */
export function completePayload(version: EventVersion, payload: unknown): Readonly<Record<string, unknown>> {
  let complete = completers.get(version)
  if (!complete) {
    complete = compileCompleter(parseSchema(version.payload, namespaceOf(version.eventName)))
    completers.set(version, complete)
  }
  try {
    return complete(payload) as Readonly<Record<string, unknown>>
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal
    const { field } = refusal
    const what = field ? `\`${field}\` ${refusal.message}` : `the payload ${refusal.message}`
    throw new SchemaError('PAYLOAD_INVALID', `${version.eventName} version ${version.version}: ${what}`, { field })
  }
}

/** Checks a payload before anything is sent. @throws SchemaError `PAYLOAD_INVALID` */
export function validatePayload(version: EventVersion, payload: unknown): void {
  completePayload(version, payload)
}
