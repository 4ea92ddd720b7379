import { joinSeen, recordsIn, type Seen, sliceOf } from './seen.ts'

/** Records that were read together. */
export interface HeldPart {
  readonly seen: Seen
  /** ms of the clock of the watch. */
  readonly readAt: number
}

/** What was read of a partition and waits for statements, in the order of the offsets. */
export class HeldRecords {
  #parts: HeldPart[] = []
  /** Offsets that Kafka did not have any more. */
  #unread: { readonly first: number; readonly last: number }[] = []

  get parts(): readonly HeldPart[] {
    return this.#parts
  }

  get count(): number {
    return this.#parts.reduce((sum, { seen }) => sum + recordsIn(seen), 0)
  }

  add(part: HeldPart): void {
    if (recordsIn(part.seen) > 0) this.#parts.push(part)
  }

  /** Kafka did not have these offsets any more. */
  missed(first: number, last: number): void {
    this.#unread.push({ first, last })
  }

  lacks(first: number, last: number): boolean {
    return this.#unread.some(each => each.first <= last && each.last >= first)
  }

  /** The records of these offsets. */
  of(first: number, last: number): Seen {
    const parts = this.#parts
      .filter(({ seen }) => seen.first <= last && seen.last >= first)
      .map(({ seen }) => sliceOf(seen, first, last))
    return joinSeen(parts, first, last)
  }

  /** Lets go what is before an offset. */
  drop(next: number): void {
    this.#unread = this.#unread.filter(({ last }) => last >= next)
    this.#parts = this.#parts.flatMap(part => {
      if (part.seen.first >= next) return [part]
      if (part.seen.last < next) return []
      const seen = sliceOf(part.seen, next, part.seen.last)
      return recordsIn(seen) === 0 ? [] : [{ ...part, seen }]
    })
  }

  clear(): void {
    this.#parts = []
    this.#unread = []
  }
}
