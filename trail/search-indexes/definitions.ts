/** An index of the trail that answers questions. It takes every row: none of them can refuse one. */
export interface SearchIndex {
  /** Ends its name, which begins with the table of a month: `event_envelopes_2026_11_search_time`. */
  readonly suffix: string
  /** As CREATE INDEX has it. */
  readonly on: string
  /** What it is for, in words. */
  readonly answers: string
}

/** In the order in which they are built: the cheapest first. No cast, which would refuse a row that does not fit it. */
export const searchIndexes: readonly SearchIndex[] = [
  { suffix: '_search_recorded', on: 'USING brin (recorded_at)', answers: 'what was stored when' },
  { suffix: '_search_time', on: '(occurred_at, id)', answers: 'the newest events, and those of a time' },
  { suffix: '_search_aggregate', on: '(aggregate_id, occurred_at, id)', answers: 'one aggregate in order' },
  { suffix: '_search_payload', on: 'USING gin (payload jsonb_path_ops)', answers: 'a person, or a value of any field' }
]

/** The table of the trail, whose partitions are the months. */
export const trailTable = 'event_envelopes'

/** The name that an index has on the trail or on one of its partitions. */
export const indexName = (table: string, { suffix }: SearchIndex): string => `${table}${suffix}`
