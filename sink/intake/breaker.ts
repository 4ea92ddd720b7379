import type { LedgerEntry } from '../../trail/index.ts'

/** A topic of which more than half was bad. */
export interface Trip {
  readonly topic: string
  /** Of the window: rows, duplicates and quarantined ones. */
  readonly records: number
  readonly bad: number
}

/** What was committed of one chunk. */
export type Counted = Pick<LedgerEntry, 'rows' | 'duplicates' | 'quarantined'> & { readonly chunk: { topic: string } }

/**
 * Counts for each topic what was stored and what was quarantined, in consecutive windows. When a window has
 * `windowRecords` or more (a chunk is never divided) and more than half of them were bad, the topic trips; else
 * counting starts again. 0 switches it off.
 */
export class Breaker {
  readonly #windowRecords: number
  readonly #windows = new Map<string, { records: number; bad: number }>()
  // What was under way when a topic tripped is still written, and must not trip it a second time.
  readonly #tripped = new Set<string>()

  constructor(windowRecords: number) {
    this.#windowRecords = windowRecords
  }

  /** Counts what was committed. @returns the topics that trip by it; they are not counted until {@link forget}. */
  count(entries: readonly Counted[]): Trip[] {
    if (this.#windowRecords === 0) return []
    return entries.flatMap(entry => this.#countOne(entry) ?? [])
  }

  /** Counting of the topic starts again. */
  forget(topic: string): void {
    this.#windows.delete(topic)
    this.#tripped.delete(topic)
  }

  #countOne({ chunk: { topic }, rows, duplicates, quarantined }: Counted): Trip | undefined {
    if (this.#tripped.has(topic)) return undefined
    const before = this.#windows.get(topic) ?? { records: 0, bad: 0 }
    const records = before.records + rows + duplicates + quarantined
    const bad = before.bad + quarantined
    if (records < this.#windowRecords) {
      this.#windows.set(topic, { records, bad })
      return undefined
    }
    this.#windows.delete(topic)
    if (bad * 2 <= records) return undefined
    this.#tripped.add(topic)
    return { topic, records, bad }
  }
}
