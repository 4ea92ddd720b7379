import { describeError } from '../../core/index.ts'
import type { Trust, TrustedCheckpoint } from '../../proof/index.ts'
import { AuditError } from '../errors.ts'
import { readCheckpoint, readEntries, type TileStore } from '../store/index.ts'
import {
  type CheckedEntry,
  EntryChecker,
  type Findings,
  HashList,
  isOfContent,
  trustedCheckpoint
} from '../verify/index.ts'

interface Found {
  readonly store: TileStore
  readonly checkpoint: TrustedCheckpoint
}

/** Reads a log from its beginning, then what is added to it, and checks that it is continued. */
export class LogFollower {
  readonly #stores: readonly TileStore[]
  readonly #trust: Trust
  readonly #findings: Findings
  readonly #hashes = new HashList()
  #checker: EntryChecker | undefined
  #trouble: string | undefined

  constructor(stores: readonly TileStore[], trust: Trust, findings: Findings) {
    this.#stores = stores
    this.#trust = trust
    this.#findings = findings
  }

  /** Entries that were read. */
  get size(): number {
    return this.#hashes.size
  }

  /** Why the log could not be followed the last time, in words. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /**
   * Hands over the entries that were added. What cannot be read now is read by the next call.
   * @returns whether the newest checkpoint of all places was followed
   */
  async follow(take: (checked: CheckedEntry) => void): Promise<boolean> {
    this.#trouble = undefined
    const newest = await this.#newest()
    if (!newest) {
      this.#trouble ??= 'no place of the log has a checkpoint that is trusted'
      return false
    }
    try {
      return await this.#take(newest, take)
    } catch (error) {
      if (!(error instanceof AuditError)) throw error
      this.#trouble = describeError(error)
      return false
    }
  }

  async #newest(): Promise<Found | undefined> {
    const found: Found[] = []
    for (const store of this.#stores) {
      try {
        const note = await readCheckpoint(store)
        const file = `checkpoint of ${store.address}`
        const checkpoint =
          note === undefined ? undefined : trustedCheckpoint(note, this.#trust, { file }, this.#findings)
        if (checkpoint) found.push({ store, checkpoint })
      } catch (error) {
        if (!(error instanceof AuditError && error.retryable)) throw error
        this.#trouble = describeError(error)
      }
    }
    return found.sort((one, other) => other.checkpoint.size - one.checkpoint.size)[0]
  }

  async #take({ store, checkpoint }: Found, take: (checked: CheckedEntry) => void): Promise<boolean> {
    const { size, root, origin } = checkpoint
    const file = `checkpoint of ${store.address}`
    const known = this.#hashes.size
    if (size < known) {
      this.#findings.report('LOG_ROLLED_BACK', { file }, `it has ${size} entries, and ${known} were read before`)
      return false
    }
    let isWhole = false
    try {
      for await (const entry of readEntries(store, size, known)) this.#hashes.push(entry)
      isWhole = this.#hashes.root(size).equals(root)
      if (!isWhole)
        this.#findings.report('LOG_FORKED', { file }, 'its entries do not continue those that were read before')
    } catch (error) {
      if (!isOfContent(error)) throw error
      this.#findings.report('ENTRY_MISSING', { file: store.address }, error.message)
    } finally {
      if (!isWhole) this.#hashes.truncate(known)
    }
    if (!isWhole) return false
    this.#checker ??= new EntryChecker(origin, this.#trust.root, this.#findings)
    let index = known
    for await (const bytes of readEntries(store, size, known)) {
      const checked = this.#checker.take(bytes, { index, isOld: false })
      index += 1
      if (checked) take(checked)
    }
    this.#checker.finish()
    return true
  }
}
