import type { BatchControl, PassedOffsets, RecordBatch } from '../../kafka/types/member.ts'
import { keyOf, type TopicPartition } from '../../kafka/types/partition.ts'
import type { Topic } from './log.ts'
import type { Process, World } from './world.ts'

export interface MemberOptions {
  readonly onBatch: (batch: RecordBatch, control: BatchControl) => Promise<void>
  readonly onPassed: (passed: PassedOffsets) => void
  readonly onOutOfRange: (partition: TopicPartition) => void
  readonly onAssigned: (partitions: readonly TopicPartition[]) => void
}

/** The coordinator of the one group: who reads what, and the offsets that Kafka got. */
export class Group {
  readonly world: World
  readonly topic: Topic
  readonly fetchCount: number
  readonly members = new Set<Member>()
  readonly committed = new Map<string, number>()
  generation = 0

  constructor(world: World, topic: Topic, fetchCount: number) {
    this.world = world
    this.topic = topic
    this.fetchCount = fetchCount
  }

  /** Members find out at their next heartbeat or fetch, each in its own time. */
  rebalance(): void {
    this.generation += 1
  }

  assignmentOf(member: Member): TopicPartition[] {
    const members = [...this.members].filter(each => each.process.state === 'running')
    const place = members.indexOf(member)
    return this.topic.partitions.filter(({ partition }) => (partition + this.generation) % members.length === place)
  }
}

/** A consumer as the sink sees it. What it reads, it reads as kafkajs does, also where that jumps. */
export class Member {
  readonly process: Process
  readonly #group: Group
  readonly #options: MemberOptions
  readonly #paused = new Set<string>()
  #positions = new Map<string, number>()
  #generation = -1
  #run = new AbortController()
  #joining = false

  constructor(group: Group, process: Process, options: MemberOptions) {
    this.#group = group
    this.process = process
    this.#options = options
    group.members.add(this)
    group.rebalance()
    this.#join()
    // Without a partition it hears of a rebalance by its heartbeats alone.
    process.every(1_000, () => this.#notice())
  }

  seek(_topic: string, partition: number, offset: number): void {
    const key = keyOf({ topic: _topic, partition })
    if (this.#positions.has(key)) this.#positions.set(key, offset)
  }

  pause(topic: string, partition: number): void {
    this.#paused.add(keyOf({ topic, partition }))
  }

  resume(topic: string, partition: number): void {
    this.#paused.delete(keyOf({ topic, partition }))
  }

  async commit(offsets: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    await this.process.wait(this.#group.world.below(20))
    if (this.#generation !== this.#group.generation) throw new Error('the consumer is between two groups')
    for (const { offset, ...partition } of offsets) this.#group.committed.set(keyOf(partition), offset)
  }

  #notice(): boolean {
    if (this.#generation === this.#group.generation) return false
    this.#join()
    return true
  }

  #join(): void {
    if (this.#joining) return
    this.#joining = true
    const { world } = this.#group
    // Half of the rebalances go with a consumer that is rebuilt.
    if (world.random() < 0.5) this.#run.abort()
    this.process.after(20 + world.below(300), () => {
      this.#joining = false
      this.#run = new AbortController()
      this.#generation = this.#group.generation
      const partitions = this.#group.assignmentOf(this)
      this.#positions = new Map(
        partitions.map(partition => {
          const key = keyOf(partition)
          return [key, this.#group.committed.get(key) ?? this.#group.topic.log(partition).start]
        })
      )
      this.#options.onAssigned(partitions)
      for (const partition of partitions) void this.#read(partition, this.#positions)
    })
  }

  async #read(partition: TopicPartition, positions: Map<string, number>): Promise<void> {
    const key = keyOf(partition)
    const { world, topic, fetchCount } = this.#group
    const { signal } = this.#run
    while (positions === this.#positions && !signal.aborted) {
      const from = positions.get(key) ?? 0
      await this.process.wait(1 + world.below(15))
      if (this.#notice()) return
      if (this.#paused.has(key)) {
        await this.process.wait(500)
        continue
      }
      const log = topic.log(partition)
      const batch = log.fetch(partition, from, 1 + world.below(fetchCount))
      if (batch === 'out of range') {
        this.#options.onOutOfRange(partition)
        if (positions.get(key) === from) positions.set(key, log.start)
      } else if (!batch) await this.process.wait(100 + world.below(200))
      else {
        await this.process.wait(world.below(10))
        const moved = (offset: number) => this.#positions.has(key) && this.#positions.set(key, offset)
        if (batch.isEmpty) {
          this.#options.onPassed({ ...partition, ...batch, firstOffset: batch.fetchedOffset })
          // A seek of the handler counts, as in kafkajs the position moves before it is called or is set by it.
          if (positions.get(key) === from) moved(batch.lastOffset + 1)
          continue
        }
        try {
          await this.#options.onBatch(batch, {
            signal,
            resolve: offset => moved(offset + 1),
            seek: offset => moved(offset),
            heartbeat: async () => {
              if (this.#notice() || this.#joining) throw new Error('the group is rebalancing')
            }
          })
        } catch {
          return
        }
      }
    }
  }
}
