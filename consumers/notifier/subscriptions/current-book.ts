import type { Database } from '../../../postgres/index.ts'
import { listSubscriptions } from './store.ts'
import { SubscriptionBook } from './subscription.ts'

/**
 * ms for which subscriptions are taken as they were read. A new one takes effect ten seconds after it was added, so that
 * every notifier has read it before the first event that is for it.
 */
const freshMs = 4_000

/** The subscriptions as they are in the database, or were a moment ago. */
export class CurrentBook {
  readonly #database: Database
  #reading: { readonly atMs: number; readonly book: Promise<SubscriptionBook> } | undefined

  constructor(database: Database) {
    this.#database = database
  }

  /** @throws PostgresError `POSTGRES_UNAVAILABLE` where they are not known well enough: the event waits */
  read(): Promise<SubscriptionBook> {
    const now = performance.now()
    if (this.#reading === undefined || now - this.#reading.atMs > freshMs) {
      const book = listSubscriptions(this.#database).then(found => new SubscriptionBook(found))
      const reading = { atMs: now, book }
      this.#reading = reading
      book.catch(() => {
        if (this.#reading === reading) this.#reading = undefined
      })
    }
    return this.#reading.book
  }
}
