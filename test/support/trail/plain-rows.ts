/**
 * Rows of the trail made the long way: decode the Avro value, check it, write its JSON, put the columns together one by
 * one. The encoder in `trail/rows/` writes the same bytes and finds the same faults: tests hold one against the other.
 */
import {
  type AvroType,
  compileReader,
  compileUnwrap,
  type Envelope,
  type SchemaNode,
  type UnionNode,
  type WhoName
} from '../../../schemas/index.ts'
import { BadRecordError } from '../../../trail/errors.ts'
import { AvroCursor } from '../../../trail/rows/avro-cursor.ts'
import { maxRowBytes, rowTooLarge } from '../../../trail/rows/copy-buffer.ts'
import {
  jsonbVersion,
  lastSmallint,
  postgresEpoch,
  refusedByPostgres,
  requireOccurredAt,
  type TrailRow
} from '../../../trail/rows/copy-row.ts'
import { payloadOf, type RowEncoder, VersionMismatch } from '../../../trail/rows/row-encoder.ts'
import { requireFinite } from '../../../trail/rows/transcode.ts'
import { digitsText, objectText } from './jsonb-text.ts'

/** Of a row whose record says nothing of who caused it. */
export const noWho = { source: null, actor: null, traceparent: null } as const

/** A row of binary COPY, as the documentation of PostgreSQL describes it. */
export function copyRow(given: Omit<TrailRow, WhoName> & Partial<TrailRow>): Buffer {
  const row = { ...noWho, ...given }
  const occurredAt = Buffer.alloc(8)
  occurredAt.writeBigInt64BE(row.occurredAt - BigInt(postgresEpoch))
  const schemaVersion = Buffer.alloc(2)
  schemaVersion.writeInt16BE(row.schemaVersion)
  const partition = Buffer.alloc(4)
  partition.writeInt32BE(row.partition)
  const offset = Buffer.alloc(8)
  offset.writeBigInt64BE(BigInt(row.offset))
  const columns = [
    Buffer.from(row.id.replaceAll('-', ''), 'hex'),
    Buffer.from(row.aggregateId.replaceAll('-', ''), 'hex'),
    occurredAt,
    Buffer.from(row.eventName),
    Buffer.concat([Buffer.of(jsonbVersion), Buffer.from(row.payload)]),
    schemaVersion,
    ...[row.source, row.actor, row.traceparent].map(text => (text === null ? null : Buffer.from(text))),
    partition,
    offset
  ]
  const count = Buffer.alloc(2)
  count.writeInt16BE(columns.length)
  return Buffer.concat([count, ...columns.flatMap(column => [lengthOf(column), column ?? Buffer.alloc(0)])])
}

function lengthOf(column: Buffer | null): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(column?.length ?? -1)
  return length
}

const headerBytes = 5
// Any UUID, of any version (RFC 9562, section 4).
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Decodes, checks and writes, whatever the order of the envelope's fields. */
export function plainEncoder(type: AvroType, eventName: string, versions: readonly number[]): RowEncoder {
  const { read } = compileReader(type.node)
  const cursor = new AvroCursor()
  const writePayload = compileJson(payloadOf(type).node)
  const jsonOf = (value: unknown): string => {
    const json = textOf(() => writePayload(value))
    if (json.length > maxRowBytes || Buffer.byteLength(json) > maxRowBytes) throw rowTooLarge()
    return json
  }
  return (bytes, start, end, { partition, offset }, out) => {
    out.rowAt = out.at
    cursor.set(bytes, start + headerBytes, end)
    // The payload is the first level, and is in an envelope.
    cursor.depth = -1
    const envelope = read(cursor) as Envelope
    if (cursor.at !== cursor.end) throw new BadRecordError('DECODE_FAILED', 'bytes are left over after the envelope')
    const id = envelope.id.toLowerCase()
    if (!uuid.test(id)) throw new BadRecordError('ID_INVALID', 'id is not a UUID')
    try {
      const aggregateId = envelope.aggregate_id.toLowerCase()
      if (!uuid.test(aggregateId)) throw new BadRecordError('AGGREGATE_ID_INVALID', 'aggregate_id is not a UUID')
      const occurredAt = envelope.occurred_at
      requireOccurredAt(occurredAt)
      if (envelope.event_name !== eventName)
        throw new BadRecordError('EVENT_NAME_MISMATCH', `event_name is not that of the topic, ${eventName}`)
      const payload = jsonOf(envelope.payload)
      const version = envelope.schema_version
      if (!versions.includes(version)) throw new VersionMismatch(version, versions)
      if (version > lastSmallint) throw new BadRecordError('POSTGRES_REFUSED', refusedByPostgres('22003'))
      out.raw(copyRow({ id, aggregateId, occurredAt, eventName, payload, schemaVersion: version, partition, offset }))
    } catch (error) {
      throw error instanceof BadRecordError ? naming(error, id) : error
    }
  }
}

/** The same fault, naming the event. */
function naming(error: BadRecordError, id: string): BadRecordError {
  if (error instanceof VersionMismatch) return new VersionMismatch(error.found, error.versions, id)
  return new BadRecordError(error.fault.code, error.fault.reason, id)
}

/** @throws BadRecordError `RECORD_TOO_LARGE` when it is more than a string can hold */
function textOf(write: () => string): string {
  try {
    return write()
  } catch (error) {
    throw error instanceof RangeError ? rowTooLarge() : error
  }
}

/** Writes a decoded Avro value as JSON text. */
export type JsonWriter = (value: unknown) => string

/**
 * Makes the JSON writer of an Avro type. JSON.stringify would not do: a float must be the shortest decimal that
 * reads back as the same float32 (87.3), a long must keep all its digits, and NaN must not become null.
 * The writer throws {@link BadRecordError} `NUMBER_NOT_FINITE` for NaN and ±Infinity; -0 becomes 0.
 */
export function compileJson(node: SchemaNode): JsonWriter {
  return compile(node, new Map())
}

function compile(node: SchemaNode, known: Map<SchemaNode, JsonWriter>): JsonWriter {
  const found = known.get(node)
  if (found) return found
  // A recursive type meets itself before its writer is ready.
  let ready: JsonWriter | undefined
  known.set(node, value => (ready ?? refuse)(value))
  ready = compileFresh(node, known)
  known.set(node, ready)
  return ready
}

const refuse: JsonWriter = () => {
  throw new BadRecordError('DECODE_FAILED', 'the schema refers to itself before it is complete')
}

function compileFresh(node: SchemaNode, known: Map<SchemaNode, JsonWriter>): JsonWriter {
  // A decimal arrives as its exact digits, which are a JSON number as they are.
  if ('logical' in node && node.logical?.name === 'decimal') return String
  switch (node.kind) {
    case 'record': {
      const fields = node.fields.map(({ name, type }) => ({ name, write: compile(type, known) }))
      return value =>
        objectText(fields.map(({ name, write }) => [name, write((value as Record<string, unknown>)[name])]))
    }
    case 'array': {
      const write = compile(node.items, known)
      return value => `[${(value as unknown[]).map(write).join(', ')}]`
    }
    case 'map': {
      const write = compile(node.values, known)
      return value => objectText(Object.entries(value as object).map(([key, item]) => [key, write(item)]))
    }
    case 'union':
      return union(node, known)
    case 'float':
    case 'double':
      return numberText
    case 'bytes':
    case 'fixed':
      return value => `"${Buffer.from(value as Uint8Array).toString('base64')}"`
    case 'string':
    case 'enum':
      return value => JSON.stringify(value)
    default:
      // null, boolean, int, and long, which is a bigint with all its digits.
      return value => String(value)
  }
}

// Where the value does not show the branch it comes wrapped, `{ name: value }`; the JSON holds the value.
function union(node: UnionNode, known: Map<SchemaNode, JsonWriter>): JsonWriter {
  const unwrap = compileUnwrap(node)
  const writers = node.branches.map(branch => compile(branch, known))
  return value => {
    const { index, inner } = unwrap(value)
    const write = writers[index]
    if (!write) throw new BadRecordError('DECODE_FAILED', 'a union holds a value of none of its types')
    return write(inner)
  }
}

// A decoded float is the shortest decimal of its float32 already (schemas/avro/avro-type.ts).
const numberText: JsonWriter = value => digitsText(requireFinite(value as number))
