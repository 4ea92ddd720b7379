import type { TopicPartition } from '../../kafka/index.ts'
import type { CheckedEntry } from '../verify/index.ts'
import type { PartitionWatch } from './partition.ts'

export interface StatementsOptions {
  /** The group of the sink that is watched, with the prefix. */
  readonly group: string
  readonly prefix: string
  /** Undefined for a partition that is not read here. */
  readonly partition: (place: TopicPartition) => PartitionWatch | undefined
  /** Below this offset nothing of a partition is compared. */
  readonly from: (place: TopicPartition) => number
}

const microsOfMs = 1_000
/** 2000-01-01 in ms since 1970: entries count from there. */
const postgresEpochMs = 946_684_800_000

/** Takes entries of the log, and hands what they say of a sink to the partitions that are read. */
export class Statements {
  readonly #options: StatementsOptions
  readonly #topics = new Set<string>()
  #began = Number.POSITIVE_INFINITY

  constructor(options: StatementsOptions) {
    this.#options = options
  }

  /** Topics that the sink has stored something of. */
  get topics(): ReadonlySet<string> {
    return this.#topics
  }

  /** When the proof began, ms since 1970. */
  get began(): number {
    return this.#began
  }

  take({ entry, source }: CheckedEntry, readAt: number): void {
    if (!source.isTrusted) return
    this.#began = Math.min(this.#began, source.recorded.first / microsOfMs + postgresEpochMs)
    const { group, prefix, partition, from } = this.#options
    if (!('group' in entry) || entry.group !== group || entry.prefix !== prefix) return
    if (entry.kind === 'batch')
      for (const stretch of entry.stretch) {
        this.#topics.add(stretch.topic)
        if (stretch.last < from(stretch)) continue
        partition(stretch)?.state({ stretch, entry: source.index, readAt })
      }
    if (entry.kind === 'reset') for (const each of entry.reset) partition(each)?.reset(each.incarnation, each.to)
    if (entry.kind === 'adopted') for (const each of entry.position) partition(each)?.adopt(each.incarnation, each.next)
  }
}
