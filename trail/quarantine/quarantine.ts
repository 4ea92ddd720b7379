import type { Header } from '../../kafka/index.ts'
import type { Pool, Queries } from '../../postgres/index.ts'
import { inTransaction } from '../database.ts'
import type { SchemaBook } from '../encoding/index.ts'
import { encodeAgain } from '../encoding/index.ts'
import { TrailError } from '../errors.ts'
import { ChangeEntries, type Signing } from '../proof/index.ts'
import { CarefulInsert, PgRows } from '../session/index.ts'
import { resolutionEntry, retryEntry } from './entries.ts'

/** What is in quarantine, a record or a whole batch of the log, without its content. */
export interface QuarantineEntry {
  readonly number: number
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** Which log of the partition it came from. */
  readonly incarnation: number
  readonly offset: number
  /** The last offset of a batch that is kept as one; null for a single record. */
  readonly lastOffset: number | null
  readonly code: string
  readonly reason: string
  readonly eventId: string | null
  readonly status: 'held' | 'stored' | 'duplicate' | 'discarded'
  readonly quarantinedAt: Date
  readonly resolvedAt: Date | null
  readonly resolution: string | null
  /** When its bytes were removed; null while they are there. */
  readonly purgedAt: Date | null
}

/** The same with its bytes, as they were in Kafka. */
export interface QuarantinedRecord extends QuarantineEntry {
  readonly timestamp: Date
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Of a value that was purged, in hex; null while it is there, and where there was none. */
  readonly valueSha256: string | null
  /** Values in base64. */
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
}

export interface QuarantineFilter {
  /** Default `held`. */
  readonly status?: QuarantineEntry['status'] | 'all'
  readonly topic?: string
  readonly code?: string
}

export interface QuarantineList extends QuarantineFilter {
  /** Default 100. */
  readonly limit?: number
  /** Only those after this number. */
  readonly after?: number
}

/** How many records there are with a code; a batch counts all of its offsets. */
export interface QuarantineCount {
  readonly code: string
  readonly records: number
}

const entryColumns = `number, consumer_group AS "group", topic, partition, incarnation, kafka_offset AS "offset", kafka_last_offset AS "lastOffset", code,
  reason, event_id AS "eventId", status, quarantined_at AS "quarantinedAt", resolved_at AS "resolvedAt", resolution,
  purged_at AS "purgedAt"`

const matching = `($1 = 'all' OR status = $1) AND ($2::text IS NULL OR topic = $2) AND ($3::text IS NULL OR code = $3)`
const valuesOf = ({ status = 'held', topic, code }: QuarantineFilter) => [status, topic ?? null, code ?? null]

/** What is in quarantine, the oldest first. */
export async function listQuarantine(pool: Pool, filter: QuarantineList = {}): Promise<QuarantineEntry[]> {
  const { rows } = await pool.query(
    `SELECT ${entryColumns} FROM sink_quarantine WHERE ${matching} AND number > $5 ORDER BY number LIMIT $4`,
    [...valuesOf(filter), filter.limit ?? 100, filter.after ?? 0]
  )
  return rows.map(toEntry)
}

/** How many there are of each code, the most first. */
export async function countQuarantine(pool: Pool, filter: QuarantineFilter = {}): Promise<QuarantineCount[]> {
  const { rows } = await pool.query<{ code: string; records: string }>(
    `SELECT code, sum(coalesce(kafka_last_offset, kafka_offset) - kafka_offset + 1) AS records
     FROM sink_quarantine WHERE ${matching} GROUP BY code ORDER BY records DESC, code`,
    valuesOf(filter)
  )
  return rows.map(({ code, records }) => ({ code, records: Number(records) }))
}

/** @throws TrailError `NO_SUCH_ENTRY` */
export async function showQuarantined(pool: Pool, number: number): Promise<QuarantinedRecord> {
  const { rows } = await pool.query(
    `SELECT ${entryColumns}, kafka_timestamp AS "timestamp", key, value,
       encode(value_sha256, 'hex') AS "valueSha256", headers FROM sink_quarantine WHERE number = $1`,
    [number]
  )
  if (!rows[0]) throw noSuchEntry(number)
  return toEntry(rows[0]) as QuarantinedRecord
}

/**
 * Tries to store a record again, for instance after its schema was registered. It stays in the list with what came
 * of it: `stored`, `duplicate`, or still `held` with the reason of this attempt.
 * @param signing needed where the trail is proved
 * @throws TrailError `NO_SUCH_ENTRY`, `PROOF_KEY_MISSING`, `PROOF_KEY_REFUSED`, `NOT_RETRYABLE` where what is kept cannot become a row by any retry
 */
export async function retryQuarantined(
  pool: Pool,
  book: SchemaBook,
  number: number,
  topicPrefix: string,
  by: string,
  signing?: Signing
): Promise<QuarantineEntry> {
  const record = await showQuarantined(pool, number)
  requireHeld(record)
  requireKept(record)
  const headers = record.headers.map(
    ({ key, value }): Header => [key, value === null ? null : Buffer.from(value, 'base64')]
  )
  const encoded = await encodeAgain(book, { ...record, headers }, eventNameOf(record, topicPrefix))
  await inTransaction(pool, async client => {
    const entries = await ChangeEntries.begin(client, signing, by)
    if ('fault' in encoded) return resolve(client, number, 'held', by, encoded.fault)
    // What a constraint refuses only at the end of the transaction is a fault as well.
    await client.query('SET CONSTRAINTS ALL IMMEDIATE')
    const careful = new CarefulInsert(new PgRows(client), { isolate: true, blamesAlways: true })
    const { stored, badRows } = await careful.run([encoded.row])
    if (badRows[0]) return resolve(client, number, 'held', by, badRows[0].fault)
    await resolve(client, number, stored > 0 ? 'stored' : 'duplicate', by)
    await entries?.add(stored > 0 ? retryEntry(record, encoded.row) : resolutionEntry(record, 'duplicate'))
  })
  return showQuarantined(pool, number)
}

/**
 * Gives records up, all or none of them. Their bytes stay in the table; who gave them up and why is recorded.
 * @param signing needed where the trail is proved
 * @returns them in the order of the numbers, each of which comes once
 * @throws TrailError `NO_SUCH_ENTRY`, `PROOF_KEY_MISSING`, `PROOF_KEY_REFUSED`
 */
export async function discardQuarantined(
  pool: Pool,
  numbers: readonly number[],
  reason: string,
  signing?: Signing
): Promise<QuarantineEntry[]> {
  return inTransaction(pool, async client => {
    await requireAllHeld(client, numbers)
    if ((await discardIn(client, numbers, reason, signing)) !== numbers.length) {
      throw new TrailError('NO_SUCH_ENTRY', 'One of them was resolved by someone else meanwhile: none was discarded')
    }
    return entriesOf(client, numbers)
  })
}

/** @throws TrailError `NO_SUCH_ENTRY` unless all of them are there and held */
export async function requireAllHeld(client: Queries, numbers: readonly number[]): Promise<void> {
  for (const entry of await entriesOf(client, numbers)) requireHeld(entry)
}

async function entriesOf(client: Queries, numbers: readonly number[]): Promise<QuarantineEntry[]> {
  const { rows } = await client.query(`SELECT ${entryColumns} FROM sink_quarantine WHERE number = ANY($1::bigint[])`, [
    numbers
  ])
  const entries = new Map(rows.map(toEntry).map(entry => [entry.number, entry]))
  return numbers.map(number => {
    const entry = entries.get(number)
    if (!entry) throw noSuchEntry(number)
    return entry
  })
}

const batchSize = 500

/**
 * The numbers of all that are held and match, in batches, the oldest first. Each comes once, also when it stays held;
 * what is held only since the call is left for the next one.
 */
export async function* heldBatches(
  pool: Pool,
  filter: Omit<QuarantineFilter, 'status'>
): AsyncGenerator<readonly number[]> {
  const { rows } = await pool.query<{ last: string | null }>('SELECT max(number) AS last FROM sink_quarantine')
  const last = Number(rows[0]?.last ?? 0)
  for (let after = 0; ; ) {
    const entries = await listQuarantine(pool, { ...filter, status: 'held', limit: batchSize, after })
    const numbers = entries.map(({ number }) => number).filter(number => number <= last)
    if (numbers.length > 0) yield numbers
    if (numbers.length < batchSize) return
    after = numbers.at(-1) ?? last
  }
}

/**
 * Gives up those of the records that are still held.
 * @param signing needed where the trail is proved
 * @returns how many those were
 * @throws TrailError `PROOF_KEY_MISSING`, `PROOF_KEY_REFUSED`
 */
export const discardHeld = (
  pool: Pool,
  numbers: readonly number[],
  reason: string,
  signing?: Signing
): Promise<number> => inTransaction(pool, client => discardIn(client, numbers, reason, signing))

async function discardIn(
  client: Queries,
  numbers: readonly number[],
  reason: string,
  signing: Signing | undefined
): Promise<number> {
  const entries = await ChangeEntries.begin(client, signing, reason)
  const { rows } = await client.query(
    `UPDATE sink_quarantine SET status = 'discarded', resolution = $2, resolved_at = now()
     WHERE number = ANY($1::bigint[]) AND status = 'held' RETURNING ${entryColumns}`,
    [numbers, reason]
  )
  if (entries) for (const row of rows) await entries.add(resolutionEntry(toEntry(row), 'discarded'))
  return rows.length
}

const noSuchEntry = (number: number): TrailError =>
  new TrailError(
    'NO_SUCH_ENTRY',
    `There is no number ${number} in quarantine: \`eventtrail quarantine list\` lists them`
  )

function requireHeld(record: QuarantineEntry): void {
  if (record.status === 'held') return
  throw new TrailError('NO_SUCH_ENTRY', `Number ${record.number} is no longer held, it is ${record.status}`)
}

/** No registry and no new schema makes an event of what is not a record, or of bytes that were not kept. */
function requireKept({ number, lastOffset, code }: QuarantineEntry): void {
  const sendAgain = 'let its producer send the events again, then `eventtrail quarantine discard` it'
  if (lastOffset !== null) {
    const why = 'is a whole batch of the log, which cannot be stored as an event'
    throw new TrailError('NOT_RETRYABLE', `Number ${number} ${why}: ${sendAgain}`)
  }
  if (code === 'UNKEEPABLE') {
    throw new TrailError('NOT_RETRYABLE', `The bytes of number ${number} could not be kept: ${sendAgain}`)
  }
}

/** @throws TrailError `REQUEST_INVALID` */
function eventNameOf({ number, topic }: QuarantinedRecord, topicPrefix: string): string {
  if (topic.startsWith(topicPrefix)) return topic.slice(topicPrefix.length)
  throw new TrailError(
    'REQUEST_INVALID',
    `The topic of number ${number} is ${topic}, which does not begin with the prefix ${topicPrefix}: give TOPIC_PREFIX as the sink has it`
  )
}

async function resolve(
  client: Queries,
  number: number,
  status: QuarantineEntry['status'],
  resolution: string,
  fault?: { code: string; reason: string }
): Promise<void> {
  const { rowCount } = await client.query(
    `UPDATE sink_quarantine SET status = $2, resolution = $3, resolved_at = CASE WHEN $2 = 'held' THEN NULL ELSE now() END,
       code = coalesce($4, code), reason = coalesce($5, reason),
       first_code = coalesce(first_code, CASE WHEN $4 <> code THEN code END)
     WHERE number = $1 AND status = 'held'`,
    [number, status, resolution, fault?.code ?? null, fault?.reason ?? null]
  )
  if (rowCount !== 1) throw new TrailError('NO_SUCH_ENTRY', `Number ${number} was resolved by someone else meanwhile`)
}

function toEntry(row: Record<string, unknown>): QuarantineEntry {
  const { number, offset, lastOffset } = row
  return {
    ...row,
    number: Number(number),
    offset: Number(offset),
    lastOffset: lastOffset === null ? null : Number(lastOffset)
  } as unknown as QuarantineEntry
}
