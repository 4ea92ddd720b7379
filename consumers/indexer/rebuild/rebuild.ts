import { EventtrailError, type Logger, retry, silentLogger } from '../../../core/index.ts'
import type { Envelope, EventMap } from '../../../schemas/index.ts'
import type { Documents, SearchDeletion, SearchDocument } from '../documents.ts'
import type { IndexedChange } from '../search-index.ts'
import type { IndexRebuild, Json, RebuildableIndex, RebuildSource } from './types.ts'

export interface RebuildOptions<Events extends EventMap = EventMap> {
  readonly index: RebuildableIndex
  readonly documents: Documents<Events>
  /** Events of all names that `documents` has, from the first one on. */
  readonly source: RebuildSource
  /** Of the mappings: a rebuild that was interrupted continues only with the same one. Default ''. */
  readonly key?: string
  /** Ends it; the next call with the same key continues. */
  readonly signal?: AbortSignal
  /** Called after each batch. */
  readonly onProgress?: (progress: RebuildProgress) => void
  /** Default: nothing is logged. */
  readonly log?: Logger
}

/** Counts of one call: of a rebuild that was interrupted, those since it continues. */
export interface RebuildProgress {
  /** Events that were read. */
  readonly events: number
  /** Documents and ends of documents that were written, older ones of the same id included. */
  readonly written: number
  /** Events whose document the index refuses, or whose mapping throws. */
  readonly refused: number
  /** Messages that are no events of this catalogue. */
  readonly unreadable: number
  /** Part of the source that is read, from 0 to 1. */
  readonly done: number
  readonly phase: 'building' | 'switched' | 'finished'
}

/** ms between two times that progress is saved. */
const saveEveryMs = 2_000

/**
 * Builds an index again from its events, while it is searched and while a running indexer writes to it. The new one is
 * filled; searches and writes switch to it in one step; then what happened meanwhile is read once more, up to where the
 * log ended after the switch: an event that the indexer wrote to the old index was in the log before. Repeated and late
 * events change nothing, so both may write the same.
 *
 * building → switched → finished. Interrupted anywhere, the next call continues.
 *
 * @throws what index and source throw that a retry does not change; the reason of `signal`
 */
export async function rebuildIndex<Events extends EventMap>(options: RebuildOptions<Events>): Promise<RebuildProgress> {
  const { index, source, key = '', signal } = options
  const run = new Run(options as unknown as RebuildOptions)
  const patiently = <T>(work: () => Promise<T>): Promise<T> => retry(work, run.patience)
  const rebuild = await patiently(() => index.beginRebuild(key))
  run.position = rebuild.progress
  await run.fill(rebuild, source)
  await patiently(() => rebuild.switchOver())
  run.phase('switched')
  await run.fill(rebuild, source)
  signal?.throwIfAborted()
  await patiently(() => rebuild.finish())
  return run.phase('finished')
}

type AnyDocumentOf = (envelope: Envelope) => SearchDocument | SearchDeletion | undefined

class Run {
  readonly #options: RebuildOptions
  readonly #documents: Readonly<Record<string, AnyDocumentOf | undefined>>
  #counts: RebuildProgress = { events: 0, written: 0, refused: 0, unreadable: 0, done: 0, phase: 'building' }
  #savedAt = performance.now()
  position: Json | undefined

  constructor(options: RebuildOptions) {
    this.#options = options
    this.#documents = options.documents as Readonly<Record<string, AnyDocumentOf | undefined>>
  }

  get patience() {
    const { signal, log = silentLogger } = this.#options
    return {
      initialMs: 200,
      ...(signal && { signal }),
      retryable: isRetryable,
      onRetry: (error: unknown) => log.warn({ err: error }, 'a server is unavailable; the rebuild tries again')
    }
  }

  phase(phase: RebuildProgress['phase']): RebuildProgress {
    this.#counts = { ...this.#counts, phase }
    this.#options.onProgress?.(this.#counts)
    return this.#counts
  }

  /** Reads to what is there now. */
  async fill(rebuild: IndexRebuild, source: RebuildSource): Promise<void> {
    await retry(async () => {
      for await (const { envelopes, unreadable, position, done } of source.read(this.position)) {
        await this.#leaveIfAborted(rebuild)
        await this.#write(rebuild, envelopes)
        this.#counts = {
          ...this.#counts,
          events: this.#counts.events + envelopes.length,
          unreadable: this.#counts.unreadable + unreadable,
          done
        }
        this.position = position
        if (performance.now() - this.#savedAt > saveEveryMs) {
          await rebuild.save(position)
          this.#savedAt = performance.now()
        }
        this.#options.onProgress?.(this.#counts)
      }
      if (this.position !== undefined) await rebuild.save(this.position)
    }, this.patience)
  }

  async #leaveIfAborted(rebuild: IndexRebuild): Promise<void> {
    const { signal } = this.#options
    if (signal?.aborted && this.position !== undefined) await rebuild.save(this.position)
    signal?.throwIfAborted()
  }

  async #write(rebuild: IndexRebuild, envelopes: readonly Envelope[]): Promise<void> {
    const changes: IndexedChange[] = []
    let refused = 0
    for (const envelope of envelopes) {
      const { id, event_name, occurred_at } = envelope
      try {
        const document = this.#documents[event_name]?.(envelope)
        if (document !== undefined) changes.push({ ...document, event_name, event_id: id, occurred_at })
      } catch (error) {
        refused += 1
        this.#report(envelope, error)
      }
    }
    const faults = await retry(() => rebuild.putMany(changes), this.patience)
    for (const [at, fault] of faults.entries()) {
      const change = changes[at]
      if (fault === undefined || change === undefined) continue
      refused += 1
      this.#report({ id: change.event_id, event_name: change.event_name }, fault)
    }
    this.#counts = {
      ...this.#counts,
      written: this.#counts.written + changes.length - faults.filter(Boolean).length,
      refused: this.#counts.refused + refused
    }
  }

  #report({ id, event_name }: Pick<Envelope, 'id' | 'event_name'>, error: unknown): void {
    const { log = silentLogger } = this.#options
    const code = error instanceof EventtrailError ? error.code : error instanceof Error ? error.name : typeof error
    log.warn({ eventId: id, eventName: event_name, code }, 'an event has no document in the new index')
  }
}

const isRetryable = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'retryable' in error && error.retryable === true
