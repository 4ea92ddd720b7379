import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import { type AvroRecord, type AvroSchema, catalogueOf, envelopeReader } from '../../../../schemas/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { varint } from '../../../support/kafka/raw-batch.ts'
import { foreignEnvelope, rawEnvelope, registerForeign } from '../../../support/schemas/foreign.ts'
import { testTrail } from '../../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })

const text = (words: string): Buffer => Buffer.concat([varint(Buffer.byteLength(words)), Buffer.from(words)])
const bytes = (...parts: (Buffer | number)[]): Buffer =>
  Buffer.concat(parts.map(part => (typeof part === 'number' ? varint(part) : part)))
const end = varint(0)
const sixteen = Buffer.from('0190f0a0aaaa7000800000000000000b', 'hex')

interface Value {
  readonly type: AvroSchema
  readonly bytes: Buffer
  /** The field in the trail, as Postgres writes it; or the code of the fault. */
  readonly stored: string
  /** What a handler gets. */
  readonly handled?: unknown
}

const ints: AvroSchema = { type: 'map', values: 'int' }
const logical = (logicalType: string, rest: object): AvroSchema => ({ ...rest, logicalType }) as AvroSchema
const fixed = (size: number, name: string, rest: object = {}) => ({ type: 'fixed', size, name, ...rest })

/** What the binary of other producers may hold, and a schema of Avro 1.12 may say. */
const values: Record<string, Value> = {
  // As Java has it, and jsonb: the last one counts.
  'a key twice in a map': {
    type: ints,
    bytes: bytes(3, text('a'), 1, text('b'), 2, text('a'), 3, end),
    stored: '{"a": 3, "b": 2}',
    handled: { a: 3, b: 2 }
  },
  'a key again in another block': {
    type: ints,
    bytes: bytes(1, text('a'), 1, 1, text('a'), 2, end),
    stored: '{"a": 2}',
    handled: { a: 2 }
  },
  'a key __proto__ twice': {
    type: ints,
    bytes: bytes(2, text('__proto__'), 1, text('__proto__'), 2, end),
    stored: '{"__proto__": 2}',
    handled: JSON.parse('{"__proto__": 2}')
  },
  'the empty key': { type: ints, bytes: bytes(1, text(''), 7, end), stored: '{"": 7}', handled: { '': 7 } },
  'blocks of a map with their sizes': {
    type: ints,
    bytes: bytes(-2, 6, text('a'), 1, text('b'), 2, -1, 3, text('c'), 3, end),
    stored: '{"a": 1, "b": 2, "c": 3}',
    handled: { a: 1, b: 2, c: 3 }
  },
  'blocks of an array with sizes that are not true': {
    type: { type: 'array', items: 'int' },
    bytes: bytes(-2, 1_000_000, 1, 2, -1, -5, 3, end),
    stored: '[1, 2, 3]',
    handled: [1, 2, 3]
  },
  'a count of the least long': {
    type: { type: 'array', items: 'int' },
    bytes: Buffer.concat([varint(-(2n ** 63n)), varint(1), end]),
    stored: 'DECODE_FAILED'
  },
  'a symbol past the last': {
    type: { type: 'enum', name: 'E', symbols: ['A', 'B'] },
    bytes: bytes(2),
    stored: 'DECODE_FAILED'
  },
  'a symbol before the first': {
    type: { type: 'enum', name: 'E', symbols: ['A', 'B'] },
    bytes: bytes(-1),
    stored: 'DECODE_FAILED'
  },
  'half a surrogate pair, as some encoders write it': {
    type: 'string',
    bytes: bytes(3, Buffer.from('eda080', 'hex')),
    stored: 'DECODE_FAILED'
  },
  'half a surrogate pair as a key': {
    type: ints,
    bytes: bytes(1, 3, Buffer.from('eda080', 'hex'), 1, end),
    stored: 'DECODE_FAILED'
  },
  'U+0000 in two bytes, as Java writes it elsewhere': {
    type: 'string',
    bytes: bytes(2, Buffer.from('c080', 'hex')),
    stored: 'DECODE_FAILED'
  },
  'U+0000': { type: 'string', bytes: text('a\u0000b'), stored: 'POSTGRES_REFUSED', handled: 'a\u0000b' },
  'U+0000 in a key': {
    type: ints,
    bytes: bytes(1, text('\u0000'), 1, end),
    stored: 'POSTGRES_REFUSED',
    handled: { '\u0000': 1 }
  },
  'the text \\u0000': { type: 'string', bytes: text('\\u0000'), stored: '"\\\\u0000"', handled: '\\u0000' },
  'a double that is not a number': {
    type: 'double',
    bytes: doubleOf(Number.NaN),
    stored: 'NUMBER_NOT_FINITE',
    handled: Number.NaN
  },
  'a double without end': {
    type: 'double',
    bytes: doubleOf(Number.NEGATIVE_INFINITY),
    stored: 'NUMBER_NOT_FINITE',
    handled: Number.NEGATIVE_INFINITY
  },
  '-0': { type: 'double', bytes: doubleOf(-0), stored: '0', handled: -0 },
  'the largest double': {
    type: 'double',
    bytes: doubleOf(Number.MAX_VALUE),
    stored: `17976931348623157${'0'.repeat(292)}`,
    handled: Number.MAX_VALUE
  },
  'the least double': { type: 'double', bytes: doubleOf(5e-324), stored: `0.${'0'.repeat(323)}5`, handled: 5e-324 },
  'a long past 2^53': {
    type: 'long',
    bytes: varint(2n ** 53n + 1n),
    stored: '9007199254740993',
    handled: 9_007_199_254_740_993n
  },
  'the least long': {
    type: 'long',
    bytes: varint(-(2n ** 63n)),
    stored: '-9223372036854775808',
    handled: -(2n ** 63n)
  },
  'a uuid on fixed': {
    type: logical('uuid', fixed(16, 'U')),
    bytes: sixteen,
    stored: `"${sixteen.toString('base64')}"`,
    handled: sixteen
  },
  'a uuid on text that is none': {
    type: logical('uuid', { type: 'string' }),
    bytes: text('NOT-A-UUID'),
    stored: '"NOT-A-UUID"',
    handled: 'NOT-A-UUID'
  },
  'timestamp-nanos': {
    type: logical('timestamp-nanos', { type: 'long' }),
    bytes: varint(1_764_115_200_123_456_789n),
    stored: '1764115200123456789',
    handled: 1_764_115_200_123_456_789n
  },
  'local-timestamp-micros': {
    type: logical('local-timestamp-micros', { type: 'long' }),
    bytes: varint(1_764_115_200_123_456n),
    stored: '1764115200123456',
    handled: 1_764_115_200_123_456n
  },
  'local-timestamp-nanos before 1970': {
    type: logical('local-timestamp-nanos', { type: 'long' }),
    bytes: varint(-1n),
    stored: '-1',
    handled: -1n
  },
  duration: {
    type: logical('duration', fixed(12, 'D')),
    bytes: Buffer.from('010000000200000003000000', 'hex'),
    stored: '"AQAAAAIAAAADAAAA"',
    handled: Buffer.from('010000000200000003000000', 'hex')
  },
  'decimal(38, 10) on fixed': {
    type: logical('decimal', fixed(16, 'M', { precision: 38, scale: 10 })),
    bytes: Buffer.from(
      BigInt.asUintN(128, -12345678901234567890123456789012345678n).toString(16).padStart(32, '0'),
      'hex'
    ),
    stored: '-1234567890123456789012345678.9012345678',
    handled: '-1234567890123456789012345678.9012345678'
  },
  'a decimal with more digits than it says': {
    type: logical('decimal', { type: 'bytes', precision: 4, scale: 2 }),
    bytes: bytes(4, Buffer.from('7fffffff', 'hex')),
    stored: '21474836.47',
    handled: '21474836.47'
  },
  'big-decimal': {
    // The unscaled value in bytes, and after it the scale.
    type: logical('big-decimal', { type: 'bytes' }),
    bytes: bytes(4, 2, Buffer.from('04d2', 'hex'), 4),
    stored: `"${bytes(2, Buffer.from('04d2', 'hex'), 4).toString('base64')}"`,
    handled: bytes(2, Buffer.from('04d2', 'hex'), 4)
  },
  'a logical type that nobody knows': {
    type: logical('moon-phase', { type: 'int' }),
    bytes: varint(3),
    stored: '3',
    handled: 3
  }
}

function doubleOf(value: number): Buffer {
  const buffer = Buffer.alloc(8)
  buffer.writeDoubleLE(value)
  return buffer
}

test('what other producers may write is stored exactly or refused, and handlers get the same', {
  timeout: 120_000
}, async () => {
  const names = Object.keys(values)
  const sent = []
  for (const [index, [name, value]] of Object.entries(values).entries()) {
    const eventName = `foreign.sent${index}`
    const fields = [{ name: 'x', type: value.type }]
    const schemaId = await registerForeign(
      trail.registryUrl,
      `${trail.topicPrefix}${eventName}-value`,
      foreignEnvelope(eventName, fields)
    )
    expect(schemaId, name).toBeDefined()
    await trail.makeTopic(eventName)
    const [id, aggregateId] = [v7(), randomUUID()]
    const envelope = { schemaId: schemaId as number, id, aggregateId, eventName, payload: value.bytes }
    sent.push({ eventName, key: aggregateId, id, value: rawEnvelope(envelope), fields })
  }
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await trail.send(sent)
  await sink.whenCaughtUp()
  const rows = await trail.rows(
    `SELECT id::text, (payload -> 'x')::text AS became FROM event_envelopes
     UNION ALL SELECT event_id::text, code FROM sink_quarantine WHERE event_id IS NOT NULL
     UNION ALL SELECT NULL, code FROM sink_quarantine WHERE event_id IS NULL`
  )
  const held = await trail.rows('SELECT topic, code FROM sink_quarantine')
  const became = sent.map(({ id, eventName }) => {
    const row = rows.find(each => each.id === id)
    return row?.became ?? held.find(({ topic }) => topic === trail.topicPrefix + eventName)?.code
  })
  expect(Object.fromEntries(names.map((name, index) => [name, became[index]]))).toEqual(
    Object.fromEntries(names.map(name => [name, values[name]?.stored]))
  )

  for (const [index, { eventName, value, fields }] of sent.entries()) {
    const name = names[index] as string
    const expected = values[name]
    const payload = { type: 'record', name: 'Payload', fields } as unknown as AvroRecord
    const version = catalogueOf({ [eventName]: [payload] }).version(eventName)
    const read = () => envelopeReader(version, version.envelope)(value).payload
    if (expected && 'handled' in expected) expect(read(), name).toEqual({ x: expected.handled })
    else expect(read, name).toThrow(expect.objectContaining({ code: 'DECODE_FAILED' }))
  }
})
