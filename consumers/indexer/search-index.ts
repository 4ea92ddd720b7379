import type { DataValue, SearchDeletion, SearchDocument } from './documents.ts'
import type { HighlightPart } from './words/index.ts'

/** The event that a document comes from. */
export interface DocumentOrigin {
  readonly event_name: string
  readonly event_id: string
  /** Microseconds since 1970. */
  readonly occurred_at: bigint
}

/** A document, or the end of one, with the event that it comes from. */
export type IndexedChange = (SearchDocument | SearchDeletion) & DocumentOrigin

/** A document that was found. */
export interface SearchHit extends DocumentOrigin {
  readonly id: string
  readonly title?: string
  /** All of its texts, those of the greatest weight first, a line break between two. */
  readonly text: string
  readonly data: Readonly<Record<string, DataValue>>
  /** The part of the text where the words are, about 30 words long; its beginning where only the title has them. */
  readonly highlight: readonly HighlightPart[]
}

/** Hits, the best first; equally good ones with the latest event first. */
export interface SearchPage {
  readonly hits: readonly SearchHit[]
  /** Give it as `after` to get the next page; undefined when there is none. */
  readonly next?: string
}

export interface SearchOptions {
  /** Hits of a page, from 1 to 1,000. Default 10. */
  readonly limit?: number
  /** `next` of the page before, of the same search. Default: the first page. */
  readonly after?: string
  /** Whether the last word may be the beginning of one, for search as you type. Default false. */
  readonly prefix?: boolean
  /** Only documents of events of these names. Default: all. */
  readonly eventNames?: readonly string[]
  /** Only documents whose `data` has these values, with their types. Default: all. */
  readonly data?: Readonly<Record<string, DataValue>>
}

/**
 * Where search documents are kept. A newer event of a document replaces an older one, in whatever order and however
 * often they come: later is the one with the later `occurred_at`, and of two at the same time the one with the greater
 * `event_id`. Implementations throw errors with `retryable: true` when no document is the cause.
 */
export interface SearchIndex {
  /**
   * Keeps documents and ends of documents, one per id.
   * @returns for each of them, in order, undefined, or the error with which it alone was refused
   * @throws when none of them is the cause: nothing or only a part of them is kept, and all can be given again
   */
  putMany(changes: readonly IndexedChange[]): Promise<readonly (Error | undefined)[]>
  /** Finds documents by words, "phrases", `or` and `-without`. @throws OptionsError */
  search(text: string, options?: SearchOptions): Promise<SearchPage>
  /**
   * Removes some of the ends of documents that were written longer ago than `keepMs`: an older event that comes after that
   * brings its document back. Called about once a minute. Default: ends are kept.
   * @returns how many
   */
  removeEnds?(keepMs: number): Promise<number>
  /** How many documents there are. */
  count(): Promise<number>
  /** Lets searches see what was put before. */
  refresh(): Promise<void>
  close(): Promise<void>
}
