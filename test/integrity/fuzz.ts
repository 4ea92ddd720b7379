import { randomUUID } from 'node:crypto'
import avsc from 'avsc'
import { below, type Random } from '../../demo/random.ts'
import { rawEnvelope } from '../support/foreign.ts'
import { codecs, type RawRecordParts, rawBatch, rawRecords, sealed } from '../support/raw-batch.ts'
import { type Codec, compress, zstdSkippable } from '../support/raw-codecs.ts'
import { wire } from '../support/wire.ts'

/** Random inputs of a sink. All of them are the same for the same random numbers, but for ids of events. */
export class Fuzz {
  readonly #random: Random
  /** Values with which nothing is wrong but that nobody published: what a mutation begins with. */
  readonly #values: readonly Buffer[]
  /** Ids of schemas that are registered. */
  readonly schemaIds: number[]

  constructor(random: Random, values: readonly Buffer[], schemaIds: readonly number[]) {
    this.#random = random
    this.#values = values
    this.schemaIds = [...schemaIds]
  }

  below(count: number): number {
    return below(count, this.#random())
  }

  pick<Each>(these: readonly Each[]): Each {
    return these[this.below(these.length)] as Each
  }

  bytes(most: number): Buffer {
    return Buffer.from(Array.from({ length: this.below(most + 1) }, () => this.below(256)))
  }

  /** Any 64 bits, and those at the edges of what somebody may count in. */
  time(): bigint {
    const now = BigInt(Date.now())
    const edges = [
      0n,
      -1n,
      1n,
      2n ** 31n,
      2n ** 53n,
      2n ** 63n - 1n,
      -(2n ** 63n),
      253_402_300_799_999n,
      now * 1_000_000n
    ]
    return this.below(2) === 0 ? this.pick([now, ...edges]) : BigInt.asIntN(64, this.#long())
  }

  #long(): bigint {
    return (BigInt(this.below(2 ** 32)) << 32n) | BigInt(this.below(2 ** 32))
  }

  /** A record of any kind; it may happen to be an event. */
  record(): RawRecordParts {
    const key = this.pick([null, randomUUID(), this.bytes(40), Buffer.alloc(0)])
    return {
      key,
      value: this.value(),
      headers: this.headers(),
      timestampDelta: this.below(20) === 0 ? this.time() : 0n
    }
  }

  value(): Buffer | null {
    switch (this.below(8)) {
      case 0:
        return this.pick([null, Buffer.alloc(0), Buffer.of(0), wire(0, Buffer.alloc(0))])
      case 1:
        return this.bytes(200)
      case 2:
        return wire(this.schemaId(), this.bytes(120))
      case 3: {
        // Right up to its payload.
        const facts = { schemaId: this.pick(this.schemaIds), id: randomUUID(), aggregateId: randomUUID() }
        return rawEnvelope({ ...facts, eventName: 'badge.awarded', payload: this.bytes(80), occurredAt: this.time() })
      }
      default:
        return this.mutated(this.pick(this.#values))
    }
  }

  schemaId(): number {
    const edges = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
    return this.below(3) === 0 ? this.pick(this.schemaIds) : this.pick([...edges, this.below(2 ** 32)])
  }

  headers(): NonNullable<RawRecordParts['headers']> {
    const count = this.below(4) > 0 ? this.below(4) : this.below(100) === 0 ? 3_000 : this.below(12)
    const names = ['', '__proto__', 'constructor', 'traceparent', 'a\u0000b', this.bytes(6)]
    return Array.from({ length: count }, () => [this.pick(names), this.pick([null, '', this.bytes(20)])] as const)
  }

  /** With some of its bytes changed, taken away or added. */
  mutated(bytes: Buffer, from = 0): Buffer {
    const changed = Buffer.from(bytes)
    const at = (length: number): number => from + this.below(Math.max(1, length - from))
    for (let left = 1 + this.below(3); left > 0; left -= 1) changed[at(changed.length)] = this.below(256)
    switch (this.below(6)) {
      case 0:
        return changed.subarray(0, at(changed.length))
      case 1:
        return Buffer.concat([changed, this.bytes(20)])
      default:
        return changed
    }
  }

  records(most: number): RawRecordParts[] {
    return Array.from({ length: 1 + this.below(most) }, () => this.record())
  }

  codec(): keyof typeof codecs {
    return this.pick(['none', 'none', 'gzip', 'snappy', 'lz4', 'zstd'])
  }

  /** A batch as a client would write it, of records that are anything. */
  batch(records: readonly RawRecordParts[], codec = this.codec()): Buffer {
    const bytes = rawRecords(records)
    const content = codec === 'none' ? bytes : compress[codec]([bytes])
    const timestamp = this.below(3) === 0 ? this.time() : BigInt(Date.now())
    return rawBatch({ records: content, count: records.length, attributes: codecs[codec], timestamp })
  }

  /** A batch that no client writes, with the right checksum. */
  hostileBatch(): Buffer {
    const records = this.records(10)
    const codec = this.codec()
    const batch = this.batch(records, codec)
    const head = 61
    switch (this.below(6)) {
      case 0: // Times, and the producer's id, epoch and sequence.
        for (let left = 1 + this.below(4); left > 0; left -= 1) batch[27 + this.below(30)] = this.below(256)
        return sealed(batch)
      case 1: // Attributes, and how many records there are.
        batch[this.pick([21, 22, 22, 22, 26, 60])] = this.below(256)
        return sealed(batch)
      case 2: // Records, or what they are packed in.
        return resized(this.mutated(batch, head))
      case 3: // More bytes behind them.
        return resized(Buffer.concat([batch, this.bytes(40)]))
      case 4:
        return this.#repacked(records)
      default: {
        // Another place in the batch, or another length.
        const odd = records.map((record, place) => ({ ...record, offsetDelta: place + this.pick([0, 0, 0, 1, -1, 7]) }))
        return this.batch(odd, codec)
      }
    }
  }

  /** In several frames or members, with odd ones between them. */
  #repacked(records: readonly RawRecordParts[]): Buffer {
    const codec: Codec = this.pick(['gzip', 'lz4', 'zstd', 'snappy'])
    const half = Math.ceil(records.length / 2)
    const parts = rawRecordsInTwo(records, half).map(part => compress[codec]([part]))
    const [first, second] = codec === 'snappy' ? [parts[0], parts[1]?.subarray(16)] : parts
    const between = this.pick([Buffer.alloc(0), Buffer.alloc(0), zstdSkippable(this.bytes(10)), this.bytes(12)])
    const content = Buffer.concat([first ?? between, between, second ?? between])
    return rawBatch({ records: content, count: records.length, attributes: codecs[codec] })
  }

  /** The fields of a payload that a foreign client may register, and bytes of a value of them where avsc knows some. */
  payload(): { readonly fields: readonly unknown[]; readonly value: () => Buffer } {
    let names = 0
    const type = (depth: number): unknown => {
      const leaf = depth > 4 || this.below(3) > 0
      if (leaf) return this.pick(leaves)
      const name = `N${++names}`
      switch (this.below(6)) {
        case 0:
          return { type: 'array', items: type(depth + 1) }
        case 1:
          return { type: 'map', values: type(depth + 1) }
        case 2:
          return ['null', { type: 'record', name, fields: fields(depth + 1, 3) }]
        case 3:
          return {
            type: 'enum',
            name,
            symbols: this.pick([['A'], ['A', 'B', '__proto__'], ['constructor', 'toString']])
          }
        case 4:
          return { type: 'fixed', name, size: this.pick([0, 1, 16, 4_096]) }
        default:
          return {
            type: 'record',
            name,
            fields: fields(depth + 1, 4),
            [this.pick(['doc', 'connect.name', "x'y"])]: 'odd'
          }
      }
    }
    const fields = (depth: number, most: number): unknown[] =>
      Array.from({ length: this.below(most + 1) }, (_, place) => {
        const name = this.pick(['f', 'constructor', '__proto__', 'toString', 'naïve', 'Ünï']) + place
        return { name, type: type(depth), ...(this.below(6) === 0 && this.pick(defaults)) }
      })
    // avsc would take for ever to think of a value for some of the odd ones.
    if (this.below(5) === 0) return { fields: [...fields(0, 3), this.pick(oddFields)], value: () => this.bytes(60) }
    const made = fields(0, 6)
    return { fields: made, value: encoderOf(made) ?? (() => this.bytes(60)) }
  }
}

const leaves = [
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
  ['null', 'string'],
  ['string', 'null'],
  ['double', 'long'],
  ['null', 'float', 'long'],
  ['string', 'bytes'],
  { type: 'long', logicalType: 'timestamp-millis' },
  { type: 'long', logicalType: 'timestamp-micros' },
  { type: 'int', logicalType: 'date' },
  { type: 'string', logicalType: 'uuid' },
  { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 },
  { type: 'bytes', logicalType: 'decimal', precision: 0, scale: 40 },
  { type: 'string', logicalType: 'decimal', precision: 4 },
  { type: 'array', items: 'null' },
  { type: 'map', values: 'null' }
]
const defaults = [
  { default: null },
  { default: 'NaN' },
  { default: 0 },
  { default: [] },
  { default: {} },
  { default: 2 ** 63 }
]

/** A chain of records that each hold the next one twice, with defaults that double with each. */
const doubling = (depth: number): unknown =>
  Array.from({ length: depth }, (_, level) => depth - level).reduce<unknown>(
    (inner, level) => ({
      type: 'record',
      name: `L${level}`,
      fields: [
        { name: 'a', type: inner, default: {} },
        { name: 'b', type: `L${level + 1}`, default: {} }
      ]
    }),
    { type: 'record', name: `L${depth + 1}`, fields: [{ name: 'x', type: 'int', default: 0 }] }
  )
const nested = (depth: number): unknown =>
  Array.from({ length: depth }).reduce<unknown>(inner => ({ type: 'array', items: inner }), 'int')
const oddFields: readonly unknown[] = [
  { name: 'doubling', type: doubling(12) },
  { name: 'nested', type: nested(200) },
  {
    name: 'next',
    type: ['null', { type: 'record', name: 'Node', fields: [{ name: 'next', type: ['null', 'Node'] }] }]
  },
  {
    name: 'pair',
    type: {
      type: 'record',
      name: 'Pair',
      fields: [
        { name: 'one', type: { type: 'enum', name: 'E', symbols: ['A'] } },
        { name: 'two', type: { type: 'E' } }
      ]
    }
  }
]

/** What avsc makes of the fields, with values of its own choice. */
function encoderOf(fields: readonly unknown[]): (() => Buffer) | undefined {
  try {
    const type = avsc.Type.forSchema({ type: 'record', name: 'Payload', fields } as avsc.Schema, { wrapUnions: true })
    return () => type.toBuffer(type.random())
  } catch {
    return undefined
  }
}

/** The records of a batch in two parts; the second goes on counting where the first ends. */
function rawRecordsInTwo(records: readonly RawRecordParts[], half: number): [Buffer, Buffer] {
  const placed = records.map((record, place) => ({ offsetDelta: place, ...record }))
  return [rawRecords(placed.slice(0, half)), rawRecords(placed.slice(half))]
}

/** A batch of other length, which it says. */
function resized(batch: Buffer): Buffer {
  if (batch.length < 61) return sealed(Buffer.concat([batch, Buffer.alloc(61 - batch.length)]))
  batch.writeInt32BE(batch.length - 12, 8)
  return sealed(batch)
}
