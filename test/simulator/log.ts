import { type PackedBatch, PackedRecords } from '../../kafka/log/packed-records.ts'
import type { PartitionRange } from '../../kafka/types/admin.ts'
import type { RecordBatch } from '../../kafka/types/member.ts'
import { keyOf, type TopicPartition } from '../../kafka/types/partition.ts'
import type { SimEvent } from './events.ts'

/** One offset of a log: an event, or nothing that may be seen (a control record, an aborted one). */
export interface Entry {
  readonly offset: number
  readonly event: SimEvent | undefined
  readonly stored: PackedBatch | undefined
}

export interface Fetched extends RecordBatch {
  readonly isEmpty: boolean
}

/** The log of one partition. What was ever at an offset stays in {@link history}. */
export class Log {
  start = 0
  entries: Entry[] = []
  readonly history = new Map<number, Entry[]>()
  /** The furthest that retention has ever gone, in any of its lives. */
  removedTo = 0

  get end(): number {
    return this.start + this.entries.length
  }

  append(event: SimEvent | undefined): void {
    const offset = this.end
    const entry = { offset, event, stored: event && storedRecord(offset, event) }
    this.entries.push(entry)
    this.history.set(offset, [...(this.history.get(offset) ?? []), entry])
  }

  /** Removes the first `count` offsets. */
  retain(count: number): void {
    const gone = Math.min(count, this.entries.length)
    this.entries = this.entries.slice(gone)
    this.start += gone
    this.removedTo = Math.max(this.removedTo, this.start)
  }

  /** Removes the last `count` offsets, as an unclean election does. */
  cutBack(count: number): void {
    this.entries = this.entries.slice(0, Math.max(0, this.entries.length - count))
  }

  /** The topic is deleted and recreated. */
  recreate(): void {
    this.entries = []
    this.start = 0
  }

  /** Undefined when there is nothing from there on; `out of range` when the offset is not in the log. */
  fetch(partition: TopicPartition, from: number, count: number): Fetched | 'out of range' | undefined {
    if (from < this.start || from > this.end) return 'out of range'
    if (from === this.end) return undefined
    const entries = this.entries.slice(from - this.start, from - this.start + count)
    const raw = new PackedRecords(
      entries.flatMap(({ stored }) => stored ?? []),
      from
    )
    return {
      topic: partition.topic,
      partition: partition.partition,
      raw,
      get records() {
        return [...raw]
      },
      fetchedOffset: from,
      firstOffset: from,
      lastOffset: from + entries.length - 1,
      highWatermark: this.end,
      isEmpty: raw.isEmpty
    }
  }
}

/** All logs of the one topic. */
export class Topic {
  readonly name: string
  readonly logs: Log[]
  #life = 1

  constructor(name: string, partitions: number) {
    this.name = name
    this.logs = Array.from({ length: partitions }, () => new Log())
  }

  get partitions(): TopicPartition[] {
    return this.logs.map((_, partition) => ({ topic: this.name, partition }))
  }

  log({ partition }: TopicPartition): Log {
    return this.logs[partition] as Log
  }

  get id(): string {
    return `${this.name} ${this.#life}`
  }

  /** It is deleted and recreated. */
  recreate(): void {
    this.#life += 1
    for (const log of this.logs) log.recreate()
  }

  byKey(): Map<string, Log> {
    return new Map(this.partitions.map(partition => [keyOf(partition), this.log(partition)]))
  }

  ranges(): PartitionRange[] {
    return this.logs.map(({ start, end }, partition) => ({ partition, start, end }))
  }
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  bytes.push(rest)
  return bytes
}

/** A batch of one record (message format v2). */
function storedRecord(offset: number, { key, value }: SimEvent): PackedBatch {
  const field = (bytes: Buffer | null) =>
    bytes ? Buffer.concat([Buffer.from(varint(bytes.length)), bytes]) : Buffer.from(varint(-1))
  const body = Buffer.concat([Buffer.from([0, 0, 0]), field(key), field(value), Buffer.from([0])])
  const bytes = Buffer.concat([Buffer.from(varint(body.length)), body])
  return {
    bytes,
    at: 0,
    codec: 0,
    start: 0,
    end: bytes.length,
    baseOffset: offset,
    lastOffset: offset,
    count: 1,
    baseTimestamp: 0,
    appendedAt: undefined
  }
}
