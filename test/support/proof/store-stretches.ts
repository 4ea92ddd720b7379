import type pg from 'pg'
import {
  type AsideLine,
  type Chunk,
  composeRow,
  leafOf,
  quarantineDigest,
  type Statement
} from '../../../proof/index.ts'
import { extendEntries, momentOf, sayProved } from '../../../trail/index.ts'
import { writeLedger } from '../../../trail/positions/index.ts'
import { copyPieces } from '../../../trail/session/pg-rows.ts'
import { completed, type GivenStretch } from './given-rows.ts'

type Given = Required<GivenStretch>

/** Where stretches are stored. */
export interface StretchPlace {
  /** With the prefix, as the tables have it. */
  readonly group: string
  readonly prefix: string
  readonly statement: Statement
}

/** Stores rows, lists, books and the statement in one transaction, as a sink does. */
export async function storeStretches(
  client: pg.PoolClient,
  place: StretchPlace,
  stretches: readonly GivenStretch[]
): Promise<void> {
  const given = stretches.map(completed)
  if (await tryStoring(client, place, given)) return
  // What was open is sealed by now: another entry begins.
  place.statement.refused()
  if (!(await tryStoring(client, place, given))) throw new Error('the statement was not taken')
}

/** @returns false where the entry is no longer open */
async function tryStoring(
  client: pg.PoolClient,
  { group, prefix, statement }: StretchPlace,
  given: readonly Given[]
): Promise<boolean> {
  await client.query('BEGIN')
  try {
    await sayProved(client)
    const rows = given.flatMap(each => each.rows)
    await copyPieces(client, rows.map(composeRow), rows.length)
    for (const each of given) await storeLists(client, group, prefix, each)
    await book(client, group, prefix, given)
    const attempt = statement.attempt(
      given.map(each => chunkOf(prefix, each)),
      await momentOf(client, Date.now())
    )
    const isTaken = await extendEntries(client, 'batch', attempt.entries)
    await client.query(isTaken ? 'COMMIT' : 'ROLLBACK')
    if (isTaken) statement.stored(attempt)
    return isTaken
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

export function chunkOf(prefix: string, given: Given): Chunk {
  const { eventName, partition, incarnation, first, last, rows } = given
  const leaves = Buffer.concat(rows.map(row => leafOf(composeRow(row))))
  return { topic: prefix + eventName, partition, incarnation, first, last, leaves, aside: asideOf(given) }
}

const asideOf = ({ first, duplicates, quarantined, lost }: Given): AsideLine[] =>
  [
    ...(lost > 0 ? [{ kind: 'lost', offset: first, last: first + lost - 1 } as const] : []),
    ...duplicates.map(each => ({ kind: 'duplicate', ...each }) as const),
    ...quarantined.map(
      ({ record, ...each }) => ({ kind: 'quarantined', ...each, digest: quarantineDigest(record) }) as const
    )
  ].sort((one, other) => one.offset - other.offset)

async function storeLists(client: pg.PoolClient, group: string, prefix: string, given: Given): Promise<void> {
  const place = [group, prefix + given.eventName, given.partition, given.incarnation]
  for (const { offset, id } of given.duplicates)
    await client.query(
      'INSERT INTO sink_duplicates (consumer_group, topic, partition, incarnation, kafka_offset, event_id) VALUES ($1, $2, $3, $4, $5, $6)',
      [...place, offset, id]
    )
  for (const { offset, last, code, record } of given.quarantined)
    await client.query(
      `INSERT INTO sink_quarantine (consumer_group, topic, partition, incarnation, kafka_offset, kafka_last_offset,
         kafka_timestamp, key, value, headers, code, reason, digest)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'a test', $12)`,
      [
        ...place,
        ...[offset, last ?? null, new Date(Number(record.timestamp)), record.key, record.value],
        ...[headersOf(record.headers), code, quarantineDigest(record)]
      ]
    )
  if (given.lost > 0)
    await client.query(
      `INSERT INTO sink_gaps (consumer_group, topic, partition, incarnation, first_offset, last_offset, reason)
       VALUES ($1, $2, $3, $4, $5, $6, 'a test')`,
      [...place, given.first, given.first + given.lost - 1]
    )
}

/** Headers as the quarantine has them. */
const headersOf = (json: string): string =>
  JSON.stringify((JSON.parse(json) as [string, string | null][]).map(([key, value]) => ({ key, value })))

async function book(client: pg.PoolClient, group: string, prefix: string, given: readonly Given[]): Promise<void> {
  const entries = given.map(each => {
    const { eventName, partition, incarnation, first, last, rows, duplicates, quarantined, lost } = each
    const counts = {
      rows: rows.length,
      duplicates: duplicates.length,
      quarantined: quarantined.reduce((sum, { offset, last = offset }) => sum + last - offset + 1, 0)
    }
    const skipped = last - first + 1 - counts.rows - counts.duplicates - counts.quarantined - lost
    const chunk = { topic: prefix + eventName, partition, incarnation, first, last, skipped, lost }
    return { chunk: { ...chunk, pages: [], rows: counts.rows, badRecords: [], bytes: 0 }, ...counts }
  })
  const hour = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000)
  // One by one: a statement of SQL extends a row of the ledger once.
  for (const entry of entries) {
    await writeLedger(client, group, [entry], () => hour)
    const { topic, partition, incarnation, last } = entry.chunk
    await client.query(
      `INSERT INTO sink_offsets (consumer_group, topic, partition, incarnation, next_offset) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET incarnation = $4, next_offset = $5`,
      [group, topic, partition, incarnation, last + 1]
    )
  }
}
