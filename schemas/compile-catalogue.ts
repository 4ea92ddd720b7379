import { OptionsError } from '../core/index.ts'
import type { AvroRecord } from './avro/index.ts'
import { avroType } from './avro/index.ts'
import { composeEnvelope, eventNameOf } from './envelope.ts'
import { SchemaError } from './errors.ts'
import type { Catalogue, EventMap, EventVersion } from './types.ts'

export type { Catalogue } from './types.ts'

/** Event name → the records of its versions, oldest first: what a generated file holds. */
export type CatalogueData = Readonly<Record<string, readonly AvroRecord[]>>

/**
 * A catalogue of embedded schemas, as generated files have it; `loadCatalogue` reads one from a folder.
 * Codecs are made when they are first asked for.
 * @throws OptionsError
 */
export function catalogueOf<Events extends EventMap = EventMap>(data: CatalogueData): Catalogue<Events> {
  if (typeof data !== 'object' || data === null || !Object.values(data).every(Array.isArray))
    throw new OptionsError('data', 'an object with the schemas of each event, as generated files have it', data)
  const eventNames = Object.keys(data).sort()
  const made = new Map<string, readonly EventVersion[]>()

  const versions = (eventName: string): readonly EventVersion[] => {
    const known = made.get(eventName)
    if (known) return known
    const records = Object.hasOwn(data, eventName) ? data[eventName] : undefined
    if (!records) throw unknownEvent(eventName, eventNames)
    const all = records.map((payload, index) => eventVersion(eventName, index + 1, payload))
    made.set(eventName, all)
    return all
  }

  return Object.freeze({
    eventNames,
    versions,
    version(eventName: string, version?: number): EventVersion {
      const all = versions(eventName)
      const found = version === undefined ? all.at(-1) : all[version - 1]
      if (found) return found
      throw new SchemaError('VERSION_UNKNOWN', `${eventName} has no version ${version}; it has 1 to ${all.length}`)
    }
  })
}

function eventVersion(eventName: string, version: number, payload: AvroRecord): EventVersion {
  const envelope = composeEnvelope(eventName, payload)
  return Object.freeze({ eventName, version, payload, envelope, type: avroType(envelope) })
}

/**
 * A version by the schema of its envelope, as a registry or the trail has it.
 * @throws SchemaError `SCHEMA_UNUSABLE` where it is no envelope of an event
 */
export function writtenVersion(envelope: AvroRecord, version: number): EventVersion {
  const eventName = eventNameOf(envelope)
  const payload = envelope.fields.find(({ name }) => name === 'payload')?.type as AvroRecord | undefined
  if (eventName === undefined || payload === undefined)
    throw new SchemaError('SCHEMA_UNUSABLE', 'The schema is not that of an envelope')
  return Object.freeze({ eventName, version, payload, envelope, type: avroType(envelope) })
}

function unknownEvent(eventName: string, known: readonly string[]): SchemaError {
  const have = known.length > 0 ? `It has ${known.join(', ')}` : 'It is empty'
  return new SchemaError('EVENT_UNKNOWN', `The catalogue has no event ${JSON.stringify(eventName)}. ${have}`)
}
