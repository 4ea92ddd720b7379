import { randomUUID } from 'node:crypto'
import { below, type Random } from '../../../dev/demo/day/random.ts'
import { codecs, type RawRecordParts, rawBatch, rawRecords, sealed } from '../../support/kafka/raw-batch.ts'
import { type Codec, compress, zstdSkippable } from '../../support/kafka/raw-codecs.ts'
import { wire } from '../../support/kafka/wire.ts'
import { rawEnvelope } from '../../support/schemas/foreign.ts'

/** Random inputs of a sink. All of them are the same for the same random numbers, but for ids of events. */
export class Fuzz {
  readonly #random: Random
  /** Values with which nothing is wrong but that were never published: what a mutation begins with. */
  readonly #values: readonly Buffer[]
  /** Ids of schemas that are registered. */
  readonly #schemaIds: readonly number[]

  constructor(random: Random, values: readonly Buffer[], schemaIds: readonly number[]) {
    this.#random = random
    this.#values = values
    this.#schemaIds = schemaIds
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

  /** Any 64 bits, and those at the edges of number types. */
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
        const facts = { schemaId: this.pick(this.#schemaIds), id: randomUUID(), aggregateId: randomUUID() }
        return rawEnvelope({ ...facts, eventName: 'badge.awarded', payload: this.bytes(80), occurredAt: this.time() })
      }
      default:
        return this.mutated(this.pick(this.#values))
    }
  }

  schemaId(): number {
    const edges = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
    return this.below(3) === 0 ? this.pick(this.#schemaIds) : this.pick([...edges, this.below(2 ** 32)])
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
    return this.#packed(rawRecords(records), records.length, codec)
  }

  #packed(bytes: Buffer, count: number, codec: keyof typeof codecs): Buffer {
    const content = codec === 'none' ? bytes : compress[codec]([bytes])
    const timestamp = this.below(3) === 0 ? this.time() : BigInt(Date.now())
    return rawBatch({ records: content, count, attributes: codecs[codec], timestamp })
  }

  /** A batch that no client writes, with the right checksum. */
  hostileBatch(kind = this.below(6)): Buffer {
    const records = this.records(10)
    // Brokers refuse bytes after records that are not compressed.
    const codec = kind === 3 ? this.pick(['gzip', 'snappy', 'lz4', 'zstd'] as const) : this.codec()
    const batch = this.batch(records, codec)
    const head = 61
    switch (kind) {
      case 0: // Times, and the producer's id, epoch and sequence.
        for (let left = this.below(5); left > 0; left -= 1) batch[27 + this.below(16)] = this.below(256)
        if (this.below(2) === 0) {
          // An id below zero is none, and then the brokers look at nothing else of it.
          batch.writeBigInt64BE(this.#long() >> 1n, 43)
          batch.writeInt16BE(this.below(2 ** 15), 51)
          batch.writeInt32BE(this.below(2 ** 31), 53)
        }
        return sealed(batch)
      case 1: // Attributes: what they do not say yet, and now and then another codec.
        batch[21] = this.below(256)
        batch[22] = ((batch[22] as number) & 0x07) | this.pick([0, 0x40, 0x80, 0xc0])
        if (this.below(8) === 0) batch[22] = this.below(256)
        return sealed(batch)
      case 2: // What the records are packed in, or the records themselves.
        if (this.below(2) === 0) return resized(this.mutated(batch, head))
        return this.#packed(this.mutated(rawRecords(records)), records.length, codec)
      case 3: // More bytes after them, as the brokers' own reader passes over.
        return resized(Buffer.concat([batch, this.#behind(codec)]))
      case 4:
        return this.#repacked(records)
      default: {
        // Another place in the batch: brokers look at it where they decompress.
        const odd = records.map((record, place) => ({ ...record, offsetDelta: place + this.pick([0, 0, 0, 1, -1, 7]) }))
        return this.batch(odd, this.below(8) === 0 ? codec : 'none')
      }
    }
  }

  #behind(codec: keyof typeof codecs): Buffer {
    const any = this.bytes(40)
    if (codec === 'zstd') return this.pick([any, zstdSkippable(any), compress.zstd([])])
    return codec === 'snappy' ? this.bytes(3) : any
  }

  /** In several frames or members, with odd ones between them. */
  #repacked(records: readonly RawRecordParts[]): Buffer {
    const codec: Codec = this.pick(['gzip', 'lz4', 'zstd', 'snappy'])
    const half = Math.ceil(records.length / 2)
    const parts = rawRecordsInTwo(records, half).map(part => compress[codec]([part]))
    const [first, second] = codec === 'snappy' ? [parts[0], parts[1]?.subarray(16)] : parts
    const between = this.pick([Buffer.alloc(0), Buffer.alloc(0), zstdSkippable(this.bytes(10)), this.bytes(12)])
    // Of LZ4 brokers read the first frame alone.
    const whole = codec === 'lz4' && this.below(8) > 0 ? compress.lz4([rawRecords(records)]) : first
    const content = Buffer.concat([whole ?? between, between, second ?? between])
    return rawBatch({ records: content, count: records.length, attributes: codecs[codec] })
  }
}

/** The records of a batch in two parts; the second continues to count where the first ends. */
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
