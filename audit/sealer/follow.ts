import { backoffMs, type Clock, mapConcurrently } from '../../core/index.ts'
import { bundlePath, newTiles, type Trust, tilePath } from '../../proof/index.ts'
import { AuditError } from '../errors.ts'
import {
  checkpointPath,
  checkpointPathOf,
  readBundle,
  readCheckpoint,
  readTile,
  type TileStore
} from '../store/index.ts'
import { checkpointIn, type Published } from './load.ts'

const copiesAtOnce = 4
const backoff = { initialMs: 5_000, maxMs: 300_000 }

export interface FollowerParts {
  readonly first: TileStore
  readonly store: TileStore
  readonly trust: Trust
  readonly origin: string
  readonly clock: Clock
}

/** A place that gets what the first one has. While it is away it is tried again, less and less often. */
export class Follower {
  readonly #parts: FollowerParts
  #size: number | undefined
  #failures = 0
  #retryAt = Number.NEGATIVE_INFINITY
  #laggingSince: number | undefined
  #trouble: unknown

  constructor(parts: FollowerParts) {
    this.#parts = parts
  }

  get address(): string {
    return this.#parts.store.address
  }

  /** What kept it from following the last time; undefined where nothing did. */
  get trouble(): unknown {
    return this.#trouble
  }

  /** s for which it has lacked a checkpoint that the first place has. */
  get lagSeconds(): number {
    return this.#laggingSince === undefined ? 0 : (this.#parts.clock.monotonic() - this.#laggingSince) / 1_000
  }

  /** Copies what it lacks, unless it failed a moment ago. Never throws. @returns whether it now has this checkpoint, and had not */
  async follow(published: Published): Promise<boolean> {
    const { clock } = this.#parts
    if (this.#size === published.size) return false
    this.#laggingSince ??= clock.monotonic()
    if (clock.monotonic() < this.#retryAt) return false
    try {
      await this.#copy(published)
      this.#failures = 0
      this.#laggingSince = undefined
      this.#trouble = undefined
      return true
    } catch (error) {
      this.#trouble = error
      this.#size = undefined
      this.#failures += 1
      this.#retryAt = clock.monotonic() + backoffMs(this.#failures, backoff, clock.random)
      return false
    }
  }

  async #copy({ size, note }: Published): Promise<void> {
    const { first, store, trust, origin } = this.#parts
    this.#size ??= await this.#sizeThere()
    // A topic would get it twice.
    if (this.#size === size && store.checkpointsOnly) return
    if (this.#size > size)
      throw new AuditError(
        'STORE_DIFFERS',
        `A place of the log has a checkpoint of ${this.#size} entries, and the first place one of ${size}`
      )
    checkpointIn(note, trust, origin)
    if (!store.checkpointsOnly) {
      await mapConcurrently(newTiles(this.#size, size), copiesAtOnce, async tile => {
        if (tile.level === 0) await store.put(bundlePath(tile), await readBundle(first, tile))
        await store.put(tilePath(tile), await readTile(first, tile))
      })
      await store.put(checkpointPathOf(size), Buffer.from(note))
    }
    await store.put(checkpointPath, Buffer.from(note), { replace: true })
    this.#size = size
  }

  async #sizeThere(): Promise<number> {
    const { store, trust, origin } = this.#parts
    const note = await readCheckpoint(store)
    return note === undefined ? 0 : checkpointIn(note, trust, origin).size
  }
}
