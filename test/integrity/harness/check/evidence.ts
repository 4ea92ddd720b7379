import type pg from 'pg'
import type { KafkaAdmin } from '../../../../kafka/types/admin.ts'
import { contentOf } from './content.ts'
import type { Evidence, Gap, GroupEffects, LedgerRange, LogRange, NonRow, Partition, Published } from './facts.ts'

export interface EvidenceSource {
  readonly db: pg.Pool
  readonly admin: KafkaAdmin
  readonly topicPrefix: string
  /** Of the sink, with the prefix. */
  readonly group: string
}

/** What the publisher and the handlers know; the rest is read from the servers. */
export interface Testimony {
  readonly published: readonly Published[]
  readonly effects?: readonly GroupEffects[]
  /** One partition alone, for a trail that is too large to be looked at as a whole. */
  readonly only?: Partition
}

/** Reads all that the checker looks at from Postgres and Kafka. */
export async function collectEvidence(source: EvidenceSource, testimony: Testimony): Promise<Evidence> {
  const { published, effects = [], only } = testimony
  const [rows, duplicates, quarantine, gaps, ledger, logs] = await Promise.all([
    readRows(source, only),
    readDuplicates(source, only),
    readQuarantine(source, only),
    readGaps(source, only),
    readLedger(source, only),
    readLogs(source, only)
  ])
  return { published, effects, rows, nonRows: [...duplicates, ...quarantine], gaps, ledger, logs }
}

/** The partition that is asked for; null for all. */
const these = (only: Partition | undefined) => [only?.topic ?? null, only?.partition ?? null]
const onlyThese = '($1::text IS NULL OR topic = $1) AND ($2::int IS NULL OR partition = $2)'

async function readRows({ db, topicPrefix }: EvidenceSource, only: Partition | undefined) {
  const { rows } = await db.query<{
    id: string
    aggregate_id: string
    event_name: string
    payload: unknown
    partition: number
    offset: string
  }>(
    // A row without a coordinate has one that no ledger knows, and is named for that.
    `SELECT id, aggregate_id, event_name, payload, coalesce(kafka_partition, -1) AS partition,
       coalesce(kafka_offset, -1) AS "offset"
     FROM event_envelopes
     WHERE ($1::text IS NULL OR event_name = $1) AND ($2::int IS NULL OR kafka_partition = $2)`,
    [only?.topic.slice(topicPrefix.length) ?? null, only?.partition ?? null]
  )
  return rows.map(row => ({
    id: row.id,
    aggregateId: row.aggregate_id,
    topic: topicPrefix + row.event_name,
    partition: row.partition,
    offset: Number(row.offset),
    content: contentOf(row.payload)
  }))
}

interface NonRowFacts extends Partition {
  readonly kafka_offset: string
  readonly event_id: string | null
  readonly code: string
}
const nonRowOf = ({ topic, partition, kafka_offset, event_id }: NonRowFacts, kind: NonRow['kind']): NonRow => ({
  kind,
  topic,
  partition,
  offset: Number(kafka_offset),
  id: event_id
})

async function readDuplicates({ db, group }: EvidenceSource, only: Partition | undefined): Promise<NonRow[]> {
  const { rows } = await db.query<NonRowFacts>(
    `SELECT topic, partition, kafka_offset, event_id FROM sink_duplicates WHERE ${onlyThese} AND consumer_group = $3`,
    [...these(only), group]
  )
  return rows.map(row => nonRowOf(row, 'duplicate'))
}

async function readQuarantine({ db, group }: EvidenceSource, only: Partition | undefined): Promise<NonRow[]> {
  const { rows } = await db.query<NonRowFacts>(
    `SELECT topic, partition, o AS kafka_offset, event_id, code
     FROM sink_quarantine, generate_series(kafka_offset, coalesce(kafka_last_offset, kafka_offset)) AS o
     WHERE ${onlyThese} AND consumer_group = $3`,
    [...these(only), group]
  )
  return rows.map(row => nonRowOf(row, row.code === 'CONFLICT' ? 'conflict' : 'quarantine'))
}

async function readGaps({ db, group }: EvidenceSource, only: Partition | undefined): Promise<Gap[]> {
  const { rows } = await db.query<Partition & { first_offset: string; last_offset: string }>(
    `SELECT topic, partition, first_offset, last_offset FROM sink_gaps WHERE ${onlyThese} AND consumer_group = $3`,
    [...these(only), group]
  )
  return rows.map(({ topic, partition, first_offset, last_offset }) => ({
    topic,
    partition,
    first: Number(first_offset),
    last: Number(last_offset)
  }))
}

async function readLedger({ db, group }: EvidenceSource, only: Partition | undefined): Promise<LedgerRange[]> {
  const { rows } = await db.query<Partition & Record<string, string | number>>(
    `SELECT topic, partition, incarnation, first_offset, last_offset, rows, duplicates, quarantined, skipped, lost
     FROM sink_ledger WHERE ${onlyThese} AND consumer_group = $3`,
    [...these(only), group]
  )
  return rows.map(row => ({
    topic: row.topic,
    partition: row.partition,
    incarnation: Number(row.incarnation),
    first: Number(row.first_offset),
    last: Number(row.last_offset),
    rows: Number(row.rows),
    duplicates: Number(row.duplicates),
    quarantined: Number(row.quarantined),
    skipped: Number(row.skipped),
    lost: Number(row.lost)
  }))
}

/** What a sink reads: the dead letters of a group have the same prefix. */
export async function eventTopics(admin: KafkaAdmin, topicPrefix: string): Promise<string[]> {
  const topics = [...(await admin.topics()).keys()]
  return topics.filter(topic => topic.startsWith(topicPrefix) && !topic.endsWith('.dead-letters'))
}

async function readLogs({ admin, topicPrefix }: EvidenceSource, only: Partition | undefined): Promise<LogRange[]> {
  const topics = only ? [only.topic] : await eventTopics(admin, topicPrefix)
  const logs = await Promise.all(
    topics.map(async topic => (await admin.ranges(topic)).map(range => ({ topic, ...range })))
  )
  return logs.flat().filter(({ partition }) => only === undefined || partition === only.partition)
}
