import { AssignedPartition } from './assigned-partition.ts'

/** What a committed offset refers to. */
export interface Commit {
  readonly source: AssignedPartition
  readonly offset: number
}

/** The partitions that this member reads now. */
export class CurrentAssignment {
  #partitions = new Map<string, AssignedPartition>()
  #generation = 0
  readonly #stopping: AbortSignal

  constructor(stopping: AbortSignal) {
    this.#stopping = stopping
  }

  /** Grows with every join: compare it after an await to see whether what you knew still holds. */
  get generation(): number {
    return this.#generation
  }

  get all(): readonly AssignedPartition[] {
    return [...this.#partitions.values()]
  }

  get(topic: string, partition: number): AssignedPartition | undefined {
    return this.#partitions.get(`${topic}/${partition}`)
  }

  /** Takes over a new assignment: partitions that were kept know what they did, those not in it are lost. */
  replace(assigned: ReadonlyMap<string, readonly number[]>): void {
    this.#generation += 1
    const before = this.#partitions
    this.#partitions = new Map()
    for (const [topic, partitions] of assigned) {
      for (const partition of partitions) {
        const name = `${topic}/${partition}`
        const kept = before.get(name)
        kept?.rejoin()
        this.#partitions.set(name, kept ?? new AssignedPartition(topic, partition, this.#stopping))
        before.delete(name)
      }
    }
    for (const source of before.values()) source.lose()
  }

  /** Whether it is read now: it was not lost, and not renewed. */
  has(source: AssignedPartition): boolean {
    return this.get(source.topic, source.partition) === source
  }

  /** Starts a partition afresh, because its log is another one now, or the group's position in it. */
  renew({ topic, partition, mark }: AssignedPartition): AssignedPartition {
    this.get(topic, partition)?.lose()
    const fresh = new AssignedPartition(topic, partition, this.#stopping)
    fresh.mark = mark
    this.#partitions.set(`${topic}/${partition}`, fresh)
    return fresh
  }

  /** What is finished and not yet committed, where the note for it is known. */
  uncommitted(): Commit[] {
    return this.all.flatMap(source => {
      const offset = source.mark === undefined ? undefined : source.tracker.position
      return offset === undefined || offset === source.committed ? [] : [{ source, offset }]
    })
  }
}
