import type { SearchDocument } from './documents.ts'

/** A document with the event that it comes from. */
export interface IndexedDocument extends SearchDocument {
  readonly event_name: string
  readonly event_id: string
  /** Microseconds since 1970. */
  readonly occurred_at: bigint
}

/**
 * Where search documents are kept. Implementations throw errors with `retryable: true` when the document is not the
 * cause.
 */
export interface SearchIndex {
  /** Keeps a document, one per id. A document of an older event than the one that is there changes nothing. */
  put(document: IndexedDocument): Promise<void>
  /** The best hits first. `limit` defaults to 10. */
  search(text: string, options?: { readonly limit?: number }): Promise<IndexedDocument[]>
  /** How many documents there are. */
  count(): Promise<number>
  close(): Promise<void>
}
