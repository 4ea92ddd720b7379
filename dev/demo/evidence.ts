import { isDeepStrictEqual } from 'node:util'
import type { SearchHit, SearchIndex } from '../../consumers/indexer/index.ts'
import { publishedBy } from './day/index.ts'
import type { Observer } from './observer.ts'
import type { Sampled, Tally } from './tally.ts'

/** What was found at the other ends, asked of the servers and not of the parts that wrote it. */
export interface Evidence {
  readonly rows: number
  /** Different aggregates among the rows: each event of the day has one of its own. */
  readonly distinct: number
  /** `lesson.published 2` → rows. */
  readonly versions: ReadonlyMap<string, number>
  readonly who: {
    /** Rows that have a source, an actor and a traceparent. */
    readonly complete: number
    /** Different requests. */
    readonly requests: number
    /** Actor → rows. */
    readonly actors: ReadonlyMap<string, number>
  }
  /** Sum of the marks, in tenths. */
  readonly tenths: number
  readonly ledger: {
    readonly rows: number
    readonly ranges: number
    readonly holes: number
    readonly duplicates: number
    readonly quarantined: number
    /** Offsets that no event accounts for. */
    readonly unaccounted: number
  }
  readonly sampled: { readonly compared: number; readonly different: number }
  readonly documents: number
  /** Lessons that a search finds, and how many of them are about what was asked for. */
  readonly search: {
    readonly text: string
    readonly hits: number
    readonly right: number
    /** The best of them, the words that were found between stars. */
    readonly shown: string
  }
  /** Of all groups. */
  readonly deadLetters: number
}

export async function gatherEvidence(observer: Observer, index: SearchIndex, tally: Tally): Promise<Evidence> {
  const [trail = {}] = await observer.rows(`
    SELECT count(*) AS rows, count(DISTINCT aggregate_id) AS distinct,
      coalesce(sum((payload ->> 'score_raw')::numeric) * 10, 0) AS tenths,
      count(*) FILTER (WHERE num_nulls(source, actor, traceparent) = 0) AS complete,
      count(DISTINCT traceparent) AS requests
    FROM event_envelopes`)
  const versions = await observer.rows(
    "SELECT event_name || ' ' || schema_version AS version, count(*) AS rows FROM event_envelopes GROUP BY 1"
  )
  const actors = await observer.rows('SELECT actor, count(*) AS rows FROM event_envelopes GROUP BY 1')
  const [ledger = {}] = await observer.rows(`
    SELECT count(*) AS ranges, sum(rows) AS rows, sum(duplicates) AS duplicates, sum(quarantined) AS quarantined,
      sum(skipped + lost) AS unaccounted
    FROM sink_ledger`)
  const { topic } = tally.favourite
  const { hits } = await index.search(topic, { limit: tally.lessons + 1 })
  return {
    rows: Number(trail.rows),
    distinct: Number(trail.distinct),
    who: {
      complete: Number(trail.complete),
      requests: Number(trail.requests),
      actors: new Map(actors.map(({ actor, rows }) => [String(actor), Number(rows)]))
    },
    tenths: Number(trail.tenths),
    versions: new Map(versions.map(({ version, rows }) => [String(version), Number(rows)])),
    ledger: {
      ranges: Number(ledger.ranges),
      rows: Number(ledger.rows),
      holes: await observer.number('SELECT count(*) FROM sink_ledger_holes'),
      duplicates: Number(ledger.duplicates),
      quarantined: Number(ledger.quarantined),
      unaccounted: Number(ledger.unaccounted)
    },
    sampled: { compared: tally.sample.length, different: await countDifferent(observer, tally.sample) },
    documents: await index.count(),
    search: {
      text: topic,
      hits: hits.length,
      right: hits.filter(hit => isAbout(hit, topic)).length,
      shown: (hits[0]?.highlight ?? []).map(({ text, match }) => (match ? `*${text}*` : text)).join('')
    },
    deadLetters: await observer.deadLetters()
  }
}

/** Whether the title begins with the topic, and its words are marked there. */
const isAbout = ({ text, highlight }: SearchHit, topic: string): boolean =>
  text.startsWith(topic) && highlight.some(({ match }) => match)

async function countDifferent(observer: Observer, sample: readonly Sampled[]): Promise<number> {
  const rows = await observer.rows(
    `SELECT id, aggregate_id, (extract(epoch FROM occurred_at) * 1000000)::bigint::text AS micros, event_name, payload,
      schema_version, source, actor, traceparent
    FROM event_envelopes WHERE id = ANY($1::uuid[])`,
    [sample.map(({ id }) => id)]
  )
  const stored = new Map(rows.map(row => [row.id, row]))
  return sample.filter(expected => !isDeepStrictEqual(stored.get(expected.id), rowOf(expected))).length
}

/** The row that an event must have become. */
function rowOf({ id, version, event }: Sampled): Record<string, unknown> {
  return {
    id,
    aggregate_id: event.aggregateId,
    micros: String(event.occurredAt),
    event_name: event.eventName,
    payload: event.payload,
    schema_version: version,
    source: publishedBy(event),
    actor: event.actor,
    traceparent: event.traceparent
  }
}
