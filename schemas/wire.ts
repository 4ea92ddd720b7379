import type { AvroSchema } from './avro/index.ts'
import { type AvroType, type Decode, malformed, uuidOf, writerType } from './avro/index.ts'
import { isOccurredAt } from './envelope.ts'
import { SchemaError } from './errors.ts'
import { completePayload } from './payload.ts'
import type { Registered } from './registry/index.ts'
import type { Envelope, EventVersion } from './types.ts'

// The registry's wire format: magic byte 0, the schema's id in 4 bytes (big-endian), Avro.
const magicByte = 0
const headerBytes = 5

/** What is published of one event; its name and schema come from the {@link EventVersion}. */
export interface EnvelopeInput {
  /** Any UUID; lower-cased. */
  readonly id: string
  /** Any UUID; lower-cased. */
  readonly aggregate_id: string
  /** Microseconds since 1970-01-01 UTC. */
  readonly occurred_at: bigint
  /** Checked and completed as by `completePayload`. */
  readonly payload: unknown
}

/**
 * An envelope as it goes over the wire.
 * @param schemaId the registry's global id of the envelope's schema.
 * @param schemaVersion the version in its subject, as the registry numbers it.
 * @throws SchemaError `PAYLOAD_INVALID` naming the field.
 */
export function encodeEnvelope(
  version: EventVersion,
  schemaId: number,
  envelope: EnvelopeInput,
  schemaVersion: number
): Buffer {
  const body = version.type.toBuffer({
    id: requireUuid(version, 'id', envelope.id),
    aggregate_id: requireUuid(version, 'aggregate_id', envelope.aggregate_id),
    occurred_at: requireMicros(version, envelope.occurred_at),
    event_name: version.eventName,
    payload: completePayload(version, envelope.payload),
    schema_version: schemaVersion
  })
  const value = Buffer.allocUnsafe(headerBytes + body.length)
  value.writeUInt8(magicByte, 0)
  value.writeUInt32BE(schemaId, 1)
  body.copy(value, headerBytes)
  return value
}

/**
 * Puts other numbers of the registry into a value of {@link encodeEnvelope}.
 * @param before the numbers that it was encoded with
 * @returns a copy
 */
export function renumberEnvelope(value: Buffer, before: Registered, after: Registered): Buffer {
  // `schema_version` is the last field of an envelope as it is composed.
  const rest = value.subarray(0, value.length - varint(before.version).length)
  const renumbered = Buffer.concat([rest, varint(after.version)])
  renumbered.writeUInt32BE(after.id, 1)
  return renumbered
}

/** A whole number of 0 and more as Avro writes it: doubled, and 7 bits in each byte. */
function varint(number: number): Buffer {
  const bytes: number[] = []
  let rest = number * 2
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

function requireUuid(version: EventVersion, field: 'id' | 'aggregate_id', value: string): string {
  const uuid = uuidOf(value)
  if (uuid) return uuid
  throw new SchemaError('PAYLOAD_INVALID', `${version.eventName}: \`${field}\` must be a UUID`, { field })
}

function requireMicros(version: EventVersion, value: bigint): bigint {
  if (typeof value === 'bigint' && isOccurredAt(value)) return value
  const message = `${version.eventName}: \`occurred_at\` must be microseconds as a bigint, from 1970 to 9999`
  throw new SchemaError('PAYLOAD_INVALID', message, { field: 'occurred_at' })
}

/** The schema id that a value begins with. @throws SchemaError `DECODE_FAILED` */
export function readSchemaId(value: Buffer): number {
  return schemaIdWithin(value, 0, value.length)
}

/** The same for the value from `start` to `end`. @throws SchemaError `DECODE_FAILED` */
export function schemaIdWithin(bytes: Buffer, start: number, end: number): number {
  const length = end - start
  if (length < headerBytes) return fail(`it has ${length} bytes, too few for the magic byte and the schema id`)
  if (bytes[start] !== magicByte) return fail('its first byte is not the magic byte 0')
  const id = bytes.readInt32BE(start + 1)
  return id < 0 ? fail('its schema id is past 2^31 - 1, which no registry gives') : id
}

/**
 * Reads an envelope as it was written.
 * @param type codec of the schema that the value names (`avroType` of it).
 * @throws SchemaError `DECODE_FAILED`
 */
export function decodeEnvelope(type: AvroType, value: Buffer): Envelope {
  readSchemaId(value)
  return decodeWith((bytes, start) => type.decode(bytes, start), value)
}

/**
 * Makes the function that reads envelopes of one schema as if they had been written with another: fields that
 * the writer did not know get their default, fields that the reader does not know are left out. The function
 * throws SchemaError `DECODE_FAILED`.
 * @param version what the caller knows.
 * @param written the schema that the values name.
 * @throws SchemaError `SCHEMA_INCOMPATIBLE` when the one cannot be read as the other, `SCHEMA_UNUSABLE` when nothing can
 *   be read with what was written
 */
export function envelopeReader(version: EventVersion, written: AvroSchema): (value: Buffer) => Envelope {
  const writer = writerType(written)
  try {
    const decode = version.type.decoderOf(writer)
    return value => {
      readSchemaId(value)
      return decodeWith(decode, value)
    }
  } catch (cause) {
    const message = `Events of the schema cannot be read as ${version.eventName} version ${version.version}`
    throw new SchemaError('SCHEMA_INCOMPATIBLE', message, { cause })
  }
}

function decodeWith(decode: Decode, value: Buffer): Envelope {
  let decoded: ReturnType<Decode>
  try {
    decoded = decode(value, headerBytes)
  } catch (error) {
    return fail(malformed(error))
  }
  if (decoded.end < value.length) return fail(`${value.length - decoded.end} bytes follow its end`)
  return decoded.value as Envelope
}

function fail(reason: string): never {
  throw new SchemaError('DECODE_FAILED', `The value is no envelope of its schema: ${reason}`)
}
