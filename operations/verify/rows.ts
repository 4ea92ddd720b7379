import { counted } from '../../core/index.ts'
import { keyOf, type TopicPartition } from '../../kafka/index.ts'
import type { VerifyFinding, VerifyParts } from './types.ts'

/** An hour of a partition in which ledger and table differ. */
export interface Difference {
  readonly partition: number
  readonly hour: Date
  /** How many more rows the ledger has than the table; below 0 where it has fewer. */
  readonly short: number
}

interface Range {
  readonly first: number
  readonly last: number
}

/** Hours of an event name that are looked at one by one. */
const mostHours = 10_000
/** Ranges of missing offsets that are named for each partition. */
const mostRanges = 100

/** Where rows are counted. */
export type RowsParts = Pick<VerifyParts, 'pool' | 'since' | 'signal'>

/** The ledger against the rows of the table, hour by hour; where they differ, which offsets are missing. */
export async function* verifyRows(parts: VerifyParts, topics: readonly string[]): AsyncGenerator<VerifyFinding> {
  const { pool, topicPrefix, onProgress, signal } = parts
  const names = await pool.query<{ topic: string; event_name: string }>('SELECT topic, event_name FROM sink_topics')
  const nameOf = new Map(names.rows.map(row => [row.topic, row.event_name]))
  const events = [...new Set(topics.map(topic => nameOf.get(topic) ?? topic.slice(topicPrefix.length)))]
  const oldest = await oldestMonth(parts)
  let rows = 0
  let dropped = 0
  let wrong = 0
  for (const [index, eventName] of events.entries()) {
    if (signal.aborted) return
    onProgress(`counting the rows of ${eventName}, ${index + 1} of ${events.length} event names`)
    // The table has no prefixes: what came from other topics of the event is counted with it.
    const sources = [...nameOf].filter(([, name]) => name === eventName).map(([topic]) => topic)
    const compared = await compare(parts, eventName, sources, oldest)
    rows += compared.total
    dropped += compared.dropped
    for (const [partition, hours] of Map.groupBy(compared.differences, ({ partition }) => partition)) {
      const finding = await explain(parts, { eventName, sources, partition }, hours)
      if (!finding) continue
      if (finding.level === 'wrong') wrong += 1
      yield finding
    }
  }
  const removed = await pool.query<{ rows: string }>(
    'SELECT coalesce(sum(rows), 0) AS rows FROM sink_removals WHERE event_name = ANY($1) AND hour >= $2',
    [events, sinceOf(parts)]
  )
  const recorded = Number(removed.rows[0]?.rows ?? 0)
  if (recorded > 0)
    yield {
      check: 'rows',
      level: 'notice',
      words: `${recorded} rows were taken out on purpose: SELECT * FROM sink_removals`,
      records: recorded
    }
  yield* droppedMonths(parts)
  if (dropped > 0)
    yield {
      check: 'rows',
      level: 'notice',
      words: `${dropped} rows are from before ${oldest.toISOString().slice(0, 7)}, the first month that the trail has: dropped with their month by hand, and not by \`eventtrail retention drop\``,
      records: dropped
    }
  if (wrong === 0)
    yield { check: 'rows', level: 'ok', words: `${counted(rows, 'row')}, as the ledger has them`, records: rows }
}

/** Of the rows that were taken out, those that went with their month. */
async function* droppedMonths({ pool }: RowsParts): AsyncGenerator<VerifyFinding> {
  // Older tables, and an auditor whose role was not given its rights again, have no such view.
  const there = await pool.query<{ may: boolean | null }>(
    "SELECT has_table_privilege(to_regclass('retention_dropped'), 'SELECT') AS may"
  )
  if (!there.rows[0]?.may) return
  const { rows } = await pool.query<{ month: string; at: Date; rows: string; archive: string | null }>(
    'SELECT month, at, rows, archive FROM retention_dropped ORDER BY at, month'
  )
  for (const { month, at, rows: count, archive } of rows)
    yield {
      check: 'rows',
      level: 'notice',
      words: `${month} was dropped on ${at.toISOString().slice(0, 10)} with ${counted(Number(count), 'row')}, ${archive === null ? 'without an archive' : `archived in ${archive}`}: SELECT * FROM retention_dropped`
    }
}

const sinceOf = ({ since }: RowsParts): Date => {
  const from = since ?? new Date(0)
  return new Date(Math.floor(from.getTime() / 3_600_000) * 3_600_000)
}

/** When the first month begins that the trail has a partition of. */
async function oldestMonth({ pool }: RowsParts): Promise<Date> {
  const { rows } = await pool.query<{ month: string | null }>(
    `SELECT min(right(c.relname, 7)) AS month FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'event_envelopes'::regclass AND c.relname ~ '_\\d{4}_\\d{2}$'`
  )
  return new Date(`${rows[0]?.month?.replace('_', '-') ?? '1970-01'}-01T00:00:00Z`)
}

/** A row and its hour in the ledger have the time of one transaction: that of the retry for what came out of quarantine. */
const comparison = `
  WITH there AS (
    SELECT kafka_partition AS partition, date_trunc('hour', recorded_at, 'UTC') AS hour, count(*) AS rows
    FROM event_envelopes WHERE event_name = $1 AND kafka_offset IS NOT NULL AND recorded_at >= $3 GROUP BY 1, 2
  ), differences AS (
    SELECT partition, hour, sum(rows) AS short
    FROM (
      SELECT partition, hour, rows FROM sink_ledger WHERE topic = ANY($2) AND hour >= $3
      UNION ALL
      SELECT partition, date_trunc('hour', resolved_at, 'UTC'), 1 FROM sink_quarantine
      WHERE topic = ANY($2) AND status = 'stored' AND resolved_at >= $3
      UNION ALL
      SELECT kafka_partition, hour, -rows FROM sink_removals WHERE event_name = $1 AND hour >= $3
      UNION ALL
      SELECT partition, hour, -rows FROM there
    ) AS books
    GROUP BY partition, hour HAVING sum(rows) <> 0
  )
  SELECT t.total, t.dropped, d.partition, d.hour, d.short
  FROM (
    SELECT (SELECT coalesce(sum(rows), 0) FROM there) AS total,
      (SELECT coalesce(sum(short), 0) FROM differences WHERE short > 0 AND hour < $4) AS dropped
  ) AS t
  LEFT JOIN (
    SELECT * FROM differences WHERE NOT (short > 0 AND hour < $4) ORDER BY hour, partition LIMIT ${mostHours}
  ) AS d ON true`

/**
 * The hours in which the rows of an event are not as many as its ledger has.
 * @param sources its topics
 * @param oldest where the ledger has more rows in hours before, these are `dropped` and no difference
 */
export async function compare(
  parts: RowsParts,
  eventName: string,
  sources: readonly string[],
  oldest: Date
): Promise<{ readonly total: number; readonly dropped: number; readonly differences: readonly Difference[] }> {
  const { rows } = await parts.pool.query<{
    total: string
    dropped: string
    partition: number | null
    hour: Date | null
    short: string | null
  }>(comparison, [eventName, sources, sinceOf(parts), oldest])
  return {
    total: Number(rows[0]?.total ?? 0),
    dropped: Number(rows[0]?.dropped ?? 0),
    differences: rows.flatMap(({ partition, hour, short }) =>
      partition === null || hour === null ? [] : [{ partition, hour, short: Number(short) }]
    )
  }
}

interface Place {
  readonly eventName: string
  readonly sources: readonly string[]
  readonly partition: number
}

/**
 * What hours that differ amount to. Where Postgres' clock was set back, rows are in the hour before the one that they
 * are booked in: then the hours make up for each other, and no offset is missing.
 */
export async function explain(
  parts: RowsParts,
  place: Place,
  hours: readonly Difference[]
): Promise<VerifyFinding | undefined> {
  const short = hours.reduce((sum, each) => sum + each.short, 0)
  const ranges = await missingRanges(parts, place, hours)
  if (short === 0 && ranges.length === 0) return undefined
  const topic = place.sources.join(', ') || place.eventName
  const where = keyOf({ topic, partition: place.partition })
  const facts = { check: 'rows', level: 'wrong', topic, partition: place.partition } as const
  if (short < 0)
    return {
      ...facts,
      words: `${where}: ${-short} rows that no ledger accounts for: another program wrote them`,
      records: -short
    }
  // No offset at all is missing: what is booked twice was stored twice.
  if (ranges.length === 0 && (await hasOneLog(parts, place)) && (await missingRanges(parts, place)).length === 0)
    return {
      ...facts,
      level: 'notice',
      words: `${where}: ${short} rows that the ledger has were deleted, and events of the same offsets are stored again: another group read them, or they were put back`,
      records: short
    }
  const named = ranges.slice(0, mostRanges).map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
  const offsets =
    named.length === 0 ? '' : `, at offsets ${named.join(', ')}${ranges.length > mostRanges ? ' and more' : ''}`
  const skipped = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0) - short
  const among = skipped > 0 && ranges.length <= mostRanges ? `, among which are ${skipped} that hold no event` : ''
  return {
    ...facts,
    words: `${where}: ${short || 'other'} rows are missing that the ledger has${offsets}${among}`,
    records: short,
    ...(ranges[0] && { firstOffset: ranges[0].first, lastOffset: ranges.at(-1)?.last ?? ranges[0].last })
  }
}

/** Whether an offset of the partition is one record: a log that was recreated has the same offsets again. */
async function hasOneLog({ pool }: RowsParts, { sources, partition }: Place): Promise<boolean> {
  const { rows } = await pool.query<{ logs: string }>(
    'SELECT count(DISTINCT (topic, incarnation)) AS logs FROM sink_ledger WHERE topic = ANY($1) AND partition = $2',
    [sources, partition]
  )
  return Number(rows[0]?.logs) === 1
}

interface LedgerRange extends TopicPartition {
  readonly group: string
  readonly incarnation: number
  readonly first: string
  readonly last: string
  readonly skipped: string
}

/** Offsets that the ledger counts in hours that are short of rows, or in any, and that are nowhere. */
async function missingRanges(
  { pool, signal }: RowsParts,
  { eventName, sources, partition }: Place,
  hours?: readonly Difference[]
): Promise<Range[]> {
  const ledger = await pool.query<LedgerRange>(
    `SELECT consumer_group AS "group", topic, partition, incarnation, first_offset AS first, last_offset AS last, skipped
     FROM sink_ledger WHERE topic = ANY($1) AND partition = $2 AND ($3::timestamptz[] IS NULL OR hour = ANY($3) AND rows > 0)
     ORDER BY topic, incarnation, first_offset`,
    [sources, partition, hours?.filter(({ short }) => short > 0).map(({ hour }) => hour) ?? null]
  )
  const missing: Range[] = []
  for (const { group, topic, incarnation, first, last, skipped } of ledger.rows) {
    if (signal.aborted || missing.length > mostRanges) break
    const { rows } = await pool.query<{ first: string; last: string }>(holes, [
      eventName,
      partition,
      first,
      last,
      group,
      topic,
      incarnation
    ])
    const ranges = rows.map(row => ({ first: Number(row.first), last: Number(row.last) }))
    const offsets = ranges.reduce((sum, range) => sum + range.last - range.first + 1, 0)
    // Which of them held no event Kafka alone knows; as many as that are no loss.
    if (offsets > Number(skipped)) missing.push(...ranges)
  }
  return missing
}

const holes = `
  WITH there AS (
    SELECT kafka_offset AS first, kafka_offset AS last FROM event_envelopes
    WHERE event_name = $1 AND kafka_partition = $2 AND kafka_offset BETWEEN $3 AND $4
    UNION ALL
    SELECT kafka_offset, kafka_offset FROM sink_duplicates
    WHERE (consumer_group, topic, partition, incarnation) = ($5, $6, $2, $7) AND kafka_offset BETWEEN $3 AND $4
    UNION ALL
    SELECT kafka_offset, coalesce(kafka_last_offset, kafka_offset) FROM sink_quarantine
    WHERE (consumer_group, topic, partition, incarnation) = ($5, $6, $2, $7) AND kafka_offset BETWEEN $3 AND $4
      AND status <> 'stored'
    UNION ALL
    SELECT first_offset, last_offset FROM sink_gaps
    WHERE (consumer_group, topic, partition, incarnation) = ($5, $6, $2, $7) AND first_offset BETWEEN $3 AND $4
    UNION ALL
    SELECT $4::bigint + 1, $4::bigint + 1
  )
  SELECT before + 1 AS first, first - 1 AS last
  FROM (
    SELECT first, coalesce(max(last) OVER (ORDER BY first, last ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), $3::bigint - 1) AS before
    FROM there
  ) AS neighbours
  WHERE first > before + 1 ORDER BY first LIMIT ${mostRanges + 1}`
