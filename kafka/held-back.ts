import type { HeldBack, LogEnds } from './types/index.ts'

interface Held {
  readonly end: number
  readonly seenAt: number
}

/** How long open transactions have held records back, by what this process has seen of them. */
export class HeldBackTimes {
  readonly #now: () => number
  #held: ReadonlyMap<string, Held> = new Map()

  /** @param now a monotonic clock, in ms */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** To be called after every look, with all that was looked at: another transaction begins elsewhere in the log. */
  saw(ends: readonly Pick<LogEnds, 'topic' | 'partition' | 'end' | 'highWatermark'>[]): void {
    const seenAt = this.#now()
    this.#held = new Map(
      ends
        .filter(({ end, highWatermark }) => highWatermark > end)
        .map(({ topic, partition, end }) => {
          const key = `${topic}/${partition}`
          const before = this.#held.get(key)
          return [key, before?.end === end ? before : { end, seenAt }] as const
        })
    )
  }

  /** ms since the transaction that holds the partition back was first seen; undefined where none does. */
  of({ topic, partition }: Pick<LogEnds, 'topic' | 'partition'>): number | undefined {
    const held = this.#held.get(`${topic}/${partition}`)
    return held && this.#now() - held.seenAt
  }
}

/** What is held back, in words: "order.placed/3: 498 offsets wait …". */
export function heldBackWords({ topic, partition, from, offsets, since }: HeldBack): string {
  const open = since ? `open since ${since.toISOString()}` : 'open'
  return `${topic}/${partition}: ${offsets} offsets from ${from} on wait for the end of a transaction that is ${open}`
}
