import type { TopicPartition } from '../../../../kafka/index.ts'

/** A partition, as one member has it. */
export interface Source extends TopicPartition {
  isLost: boolean
}

/** What a member knows of a partition that it reads. */
interface Held {
  readonly source: Source
  readonly offsets: Map<number, 'running' | 'done'>
}

/** What a group has read of a partition: what is not committed comes again to the next owner. */
export class Reading<T> {
  readonly log: T[]
  readonly #place: TopicPartition
  /** By member: of those that have it, or have not learned that they lost it. */
  readonly #held = new Map<number, Held>()
  owner: number
  #next = 0
  #committed = 0

  constructor(place: TopicPartition, log: T[], owner: number) {
    this.#place = place
    this.log = log
    this.owner = owner
  }

  get hasMore(): boolean {
    return this.#next < this.log.length
  }

  get uncommitted(): readonly T[] {
    return this.log.slice(this.#committed)
  }

  moveTo(owner: number): void {
    this.owner = owner
    this.#next = this.#committed
  }

  /** @returns the partition where it is this member's */
  assignedTo(member: number): Source | undefined {
    if (member !== this.owner) {
      this.forget(member)
      return undefined
    }
    const held = this.#held.get(member) ?? { source: { ...this.#place, isLost: false }, offsets: new Map() }
    this.#held.set(member, held)
    return held.source
  }

  /** It has lost the partition and knows it. */
  forget(member: number): void {
    const held = this.#held.get(member)
    if (held) held.source.isLost = true
    this.#held.delete(member)
  }

  /** The owner begins what comes next; nothing where the lane of its aggregate is taken. */
  begin(
    keyOf: (each: T) => string
  ): { readonly each: T; readonly offset: number; readonly source: Source } | undefined {
    const held = this.#held.get(this.owner)
    if (!held) return undefined
    // After a join it knows what it has begun.
    while (this.hasMore && held.offsets.has(this.#next)) this.#next += 1
    const offset = this.#next
    const each = this.log[offset]
    if (each === undefined) return undefined
    const running = [...held.offsets].flatMap(([at, state]) => (state === 'running' ? [keyOf(this.log[at] as T)] : []))
    if (running.includes(keyOf(each))) return undefined
    held.offsets.set(offset, 'running')
    this.#next += 1
    return { each, offset, source: held.source }
  }

  /** @param isDone else it comes again */
  end(source: Source, offset: number, isDone: boolean): void {
    const held = [...this.#held.values()].find(each => each.source === source)
    if (isDone) held?.offsets.set(offset, 'done')
    else held?.offsets.delete(offset)
  }

  commit(): void {
    const offsets = this.#held.get(this.owner)?.offsets
    while (offsets?.get(this.#committed) === 'done' && this.#committed < this.#next) this.#committed += 1
  }
}
