import type { Envelope } from '../../../schemas/index.ts'
import type { IndexedChange, SearchIndex } from '../search-index.ts'

/** A value as JSON keeps it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** A new index next to the one that is searched. */
export interface IndexRebuild {
  /** What was saved last; undefined for one that has just begun. */
  readonly progress: Json | undefined
  /** Writes to the new index, whether it is searched already or not. As that of {@link SearchIndex}. */
  putMany(changes: readonly IndexedChange[]): Promise<readonly (Error | undefined)[]>
  /** Keeps how far the rebuild is: a later call of `beginRebuild` with the same key continues there. */
  save(progress: Json): Promise<void>
  /**
   * From here on searches and writes use the new index, in one step: no search fails and none finds half of it. May be
   * called again.
   */
  switchOver(): Promise<void>
  /** Takes the old index away, and forgets the progress. */
  finish(): Promise<void>
}

/** An index that can be built again while it is searched and written to. */
export interface RebuildableIndex extends SearchIndex {
  /**
   * A new, empty index; or the one that a call with the same key began and no one finished. One that was begun with
   * another key and is not searched yet is taken away.
   * @param key of what is indexed: it changes when the mappings do
   */
  beginRebuild(key: string): Promise<IndexRebuild>
}

/** Events of a source, in any order, and where it continues after them. */
export interface SourceBatch {
  readonly envelopes: readonly Envelope[]
  /** Messages that are no events of this catalogue. */
  readonly unreadable: number
  readonly position: Json
  /** Part of the source that is read, from 0 to 1. */
  readonly done: number
}

/** Where a rebuild has its events from. */
export interface RebuildSource {
  /**
   * Reads from a position, by default the start, to what is there when it is called.
   * @throws with `retryable: true` where it can be called again with the last position
   */
  read(from: Json | undefined): AsyncIterable<SourceBatch>
}
