import type { KafkaRecord } from './log/index.ts'

/**
 * Whether what the log has next takes the place of a row. @param value undefined: the row is to go
 * @param rows what counts until then
 */
export type Supersedes = (key: string, value: Buffer | undefined, rows: ReadonlyMap<string, Buffer>) => boolean

/** The rows of a table that a log makes: of each key the last value that counts. Knows nothing of where the log is. */
export class TableRows {
  readonly #supersedes: Supersedes | undefined
  #current = new Map<string, Buffer>()
  /** What the log makes from its start on, while its end has not been reached; `current` stays what it was. */
  #building: Map<string, Buffer> | undefined = new Map()
  /** Offsets of rows that were written here and have not come back yet. */
  readonly #written = new Map<string, number>()
  /** Keys of which the last record in the log is not the one that counts. */
  readonly #outdated = new Set<string>()
  /** Taken is everything below. */
  #next = 0

  /** @param supersedes default: what is later in the log counts */
  constructor(supersedes?: Supersedes) {
    this.#supersedes = supersedes
  }

  get current(): ReadonlyMap<string, Buffer> {
    return this.#current
  }

  get outdated(): ReadonlySet<string> {
    return this.#outdated
  }

  get isBuilding(): boolean {
    return this.#building !== undefined
  }

  /** The log is read from its start; it may be another one than before. */
  rebuild(): void {
    this.#building = new Map()
    this.#written.clear()
    this.#outdated.clear()
    this.#next = 0
  }

  /**
   * Takes records in order. @param next the offset after them
   * @returns what changed in `current`, and rows that still count after a record that does not
   */
  take(records: readonly KafkaRecord[], next: number): Map<string, Buffer | undefined> {
    const changes = new Map<string, Buffer | undefined>()
    for (const { key: bytes, value, offset } of records) {
      if (bytes === null) continue
      const key = bytes.toString()
      // What is written here is newer than that.
      if (!this.#supersedes && offset < (this.#written.get(key) ?? -1)) continue
      if (offset >= (this.#written.get(key) ?? -1)) this.#written.delete(key)
      const kept = value === null ? undefined : Buffer.from(value)
      if (!this.#counts(key, kept, this.#building ?? this.#current)) {
        this.#outdated.add(key)
        if (!this.#building) changes.set(key, this.#current.get(key))
        continue
      }
      this.#outdated.delete(key)
      if (this.#building) set(this.#building, key, kept)
      else if (set(this.#current, key, kept)) changes.set(key, kept)
    }
    this.#next = next
    return changes
  }

  /** The end of the log was reached. @returns what changed in `current` */
  finish(): Map<string, Buffer | undefined> {
    const before = this.#current
    const now = this.#building ?? new Map<string, Buffer>()
    for (const key of this.#written.keys()) if (this.#counts(key, before.get(key), now)) set(now, key, before.get(key))
    this.#current = now
    this.#building = undefined
    const changes = new Map<string, Buffer | undefined>()
    for (const key of before.keys()) if (!now.has(key)) changes.set(key, undefined)
    for (const [key, value] of now) if (!before.get(key)?.equals(value)) changes.set(key, value)
    return changes
  }

  /** Kafka has a row that was written here. @returns whether that changed `current` */
  wrote(key: string, value: Buffer | undefined, offset: number): boolean {
    const hasCome = offset < this.#next
    if (hasCome && !this.#building) return false
    if (!hasCome) this.#written.set(key, offset)
    if (!this.#counts(key, value, this.#current)) return false
    return set(this.#current, key, value)
  }

  #counts(key: string, value: Buffer | undefined, rows: ReadonlyMap<string, Buffer>): boolean {
    return this.#supersedes?.(key, value, rows) ?? true
  }
}

function set(rows: Map<string, Buffer>, key: string, value: Buffer | undefined): boolean {
  const before = rows.get(key)
  if (value === undefined) return rows.delete(key)
  rows.set(key, value)
  return !before?.equals(value)
}
