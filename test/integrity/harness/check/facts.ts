/** A partition of a topic. */
export interface Partition {
  readonly topic: string
  readonly partition: number
}

/** Where a record is in Kafka. */
export interface Place extends Partition {
  readonly offset: number
}

/** One call of `publish`, and what its caller got. */
export interface Published {
  readonly id: string
  readonly aggregateId: string
  readonly topic: string
  /** `stored`: acknowledged (A). `unknown`: sent, no answer (U). `failed`: never sent (F). */
  readonly outcome: 'stored' | 'unknown' | 'failed'
  /** Where Kafka said that it is; undefined where it got no answer. */
  readonly place?: Omit<Place, 'topic'> | undefined
  /** Of the payload; see `contentOf`. */
  readonly content: string
  /** Counts the publisher's calls: a higher one of the same aggregate and topic was made later. */
  readonly order: number
}

/** A row of the trail. */
export interface StoredRow extends Place {
  readonly id: string
  readonly aggregateId: string
  readonly content: string
}

/** A record that is accounted for and is no row. */
export interface NonRow extends Place {
  readonly kind: 'duplicate' | 'conflict' | 'quarantine'
  readonly id: string | null
}

/** Offsets from `first` to `last` that were removed from the log before they were read. */
export interface Gap extends Partition {
  readonly first: number
  readonly last: number
}

/** A row of the ledger. */
export interface LedgerRange extends Partition {
  readonly incarnation: number
  readonly first: number
  readonly last: number
  readonly rows: number
  readonly duplicates: number
  readonly quarantined: number
  readonly skipped: number
  readonly lost: number
}

/** What Kafka has of a partition: from `start` to before `end`. */
export interface LogRange extends Partition {
  readonly start: number
  readonly end: number
}

/** What a consumer group did, in the order in which it did it. */
export interface GroupEffects {
  readonly group: string
  /** What it has handlers for. */
  readonly topics: readonly string[]
  readonly handled: readonly { readonly topic: string; readonly aggregateId: string; readonly id: string }[]
}

/** Everything that the checker looks at. */
export interface Evidence {
  readonly published: readonly Published[]
  readonly rows: readonly StoredRow[]
  readonly nonRows: readonly NonRow[]
  readonly gaps: readonly Gap[]
  readonly ledger: readonly LedgerRange[]
  readonly logs: readonly LogRange[]
  readonly effects: readonly GroupEffects[]
}
