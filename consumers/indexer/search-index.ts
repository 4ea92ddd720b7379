/** What a search can find of a lesson. */
export interface LessonDocument {
  readonly lesson_id: string
  readonly course_id: string
  readonly instructor_id: string
  /** Empty where the publisher gave none. */
  readonly title: string
  /** Microseconds since 1970. */
  readonly published_at: bigint
  /** The event it comes from. */
  readonly event_id: string
}

/**
 * Where search documents are kept. Implementations throw errors with a `retryable` flag when it is not the
 * document's fault.
 */
export interface SearchIndex {
  /** Keeps a document, one per lesson. A document that is older than the one there changes nothing. */
  put(document: LessonDocument): Promise<void>
  /** The best hits first. `limit` defaults to 10. */
  search(text: string, options?: { readonly limit?: number }): Promise<LessonDocument[]>
  /** How many documents there are. */
  count(): Promise<number>
  close(): Promise<void>
}
