import { pause, within } from '../../core/index.ts'
import {
  type AvroSchema,
  type Catalogue,
  type Envelope,
  type EventVersion,
  envelopeReader,
  eventNameOf,
  isRegistryRefusal,
  RegistryError,
  readSchemaId,
  SchemaError,
  uuidOf
} from '../../schemas/index.ts'
import { ConsumerError, RetryLater } from '../errors.ts'
import type { Slot } from './aggregate-lanes.ts'

/**
 * Reads a message's value as an envelope of the event whose topic it came from. It answers, or throws, at once where it
 * has the schema. A registry that takes its time is waited for at rest, so that who needs no answer of it is not held up.
 */
export type Decoder = (
  eventName: string,
  value: Buffer | null,
  slot?: Pick<Slot, 'rest'>
) => Promise<Envelope> | Envelope

/**
 * How long a schema is waited for before the message goes to rest, in ms. A registry that lives answers sooner; resting
 * at once would let the group begin every message it has while the first schemas are on their way.
 */
const patienceMs = 150

const unknownKept = 10_000

type SchemaSource = (id: number) => Promise<AvroSchema>
type Reader = (value: Buffer) => Envelope

/**
 * A decoder that reads whatever version was written as the latest one of the catalogue, so that a handler sees
 * one shape. Schemas are fetched once per id.
 *
 * The decoder throws an error that is not retryable when the message is at fault, and a retryable one otherwise.
 */
export function createDecoder(catalogue: Pick<Catalogue, 'version'>, schemaById: SchemaSource): Decoder {
  // By event name and id: a key of both would have to be made for each message.
  const readers = new Map<string, Map<number, Reader>>()
  const learn = async (eventName: string, id: number, slot: Pick<Slot, 'rest'> | undefined): Promise<Reader> => {
    const asking = schemaById(id)
    const isSoon = await within(patienceMs, asking)
    const written = isSoon || !slot ? await asking : await slot.rest(() => asking)
    if (eventNameOf(written) !== eventName)
      throw new ConsumerError('EVENT_NAME_MISMATCH', `Schema ${id} is not an envelope of ${eventName}`)
    const read = readerOf(catalogue.version(eventName), written)
    const ofEvent = readers.get(eventName) ?? new Map<number, Reader>()
    readers.set(eventName, ofEvent.set(id, read))
    return read
  }
  return (eventName, value, slot) => {
    if (!value) throw new ConsumerError('NULL_VALUE', `A message of ${eventName} has no value`)
    const id = readSchemaId(value)
    const known = readers.get(eventName)?.get(id)
    return known ? known(value) : learn(eventName, id, slot).then(read => read(value))
  }
}

/** That a schema cannot be read is known of all its messages after the first: compiling it takes its time. */
function readerOf(version: EventVersion, written: AvroSchema): Reader {
  try {
    const decode = envelopeReader(version, written)
    return bytes => withValidIds(decode(bytes))
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    return () => {
      throw error
    }
  }
}

// Avro takes any string as a uuid, and a producer of another language may write capitals.
function withValidIds(envelope: Envelope): Envelope {
  const id = uuidOf(envelope.id)
  const aggregateId = uuidOf(envelope.aggregate_id)
  if (!id || !aggregateId)
    throw new ConsumerError('ID_INVALID', `The id or the aggregate_id of a ${envelope.event_name} is not a UUID`)
  if (id === envelope.id && aggregateId === envelope.aggregate_id) return envelope
  return { ...envelope, id, aggregate_id: aggregateId }
}

/**
 * Asks a registry for schemas so that only its word that there is no such schema blames the message: it is
 * asked twice before that counts, and not again for `unknownTtlMs`. A registry that refuses us blames nothing.
 */
export function patientSchemas(
  ask: SchemaSource,
  { secondLookMs = 1_000, unknownTtlMs = 30_000, now = () => performance.now() } = {}
): SchemaSource {
  const unknown = new Map<number, { readonly error: RegistryError; readonly until: number }>()
  return async id => {
    const past = unknown.get(id)
    if (past && past.until > now()) throw past.error
    for (let look = 1; ; look += 1) {
      try {
        return await ask(id)
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error
        if (isRegistryRefusal(error)) throw new RetryLater('The schema registry refused to give a schema', error)
        if (error.code === 'SCHEMA_UNKNOWN' && look === 1) await pause(secondLookMs)
        else {
          if (!error.retryable) {
            unknown.delete(id)
            unknown.set(id, { error, until: now() + unknownTtlMs })
            // Values may name any of four billion ids.
            const [oldest] = unknown.keys()
            if (unknown.size > unknownKept && oldest !== undefined) unknown.delete(oldest)
          }
          throw error
        }
      }
    }
  }
}
