import { sqlStateOf } from '../../core/index.ts'
import type { Queries } from '../../postgres/index.ts'
import { entryHash } from '../../proof/index.ts'
import { AuditError } from '../errors.ts'
import { type Candidate, digestOfEntry, type Judgement, type Predecessor, placeOf } from './judge.ts'

/** Takes the lock that one sealer of a database has, for as long as the session lives. @returns whether it has it */
export async function takeSealerLock(session: Queries): Promise<boolean> {
  const { rows } = await session.query<{ taken: boolean }>(
    "SELECT pg_try_advisory_lock('proof_entries'::regclass::oid::int, 0) AS taken"
  )
  return rows[0]?.taken === true
}

/**
 * Keeps sealers from their work until the transaction ends; waits for a round that is under way.
 * @throws AuditError `SEALER_RUNNING`
 */
export async function holdSealerLock(client: Queries): Promise<void> {
  try {
    await client.query("SELECT pg_advisory_xact_lock('proof_entries'::regclass::oid::int, 0)")
  } catch (cause) {
    if (sqlStateOf(cause) !== '55P03') throw cause
    throw new AuditError(
      'SEALER_RUNNING',
      'A sealer is at work on this database (`eventtrail proof checkpoint`): stop it first',
      cause
    )
  }
}

/** What waits to be sealed, and what never will be. */
export interface Unsealed {
  readonly entries: number
  /** Since the oldest of them was touched last, s. */
  readonly oldestSeconds: number
  /** Entries that were rejected, ever. */
  readonly rejected: number
}

export async function countUnsealed(queries: Queries): Promise<Unsealed> {
  const { rows } = await queries.query<{ n: string; oldest: string | null; rejected: string }>(
    `SELECT count(*) AS n, extract(epoch FROM clock_timestamp() - min(touched_at)) AS oldest,
       (SELECT count(*) FROM proof_entries WHERE rejected IS NOT NULL) AS rejected
     FROM proof_entries WHERE log_index IS NULL AND rejected IS NULL`
  )
  const [{ n, oldest, rejected } = { n: 0, oldest: null, rejected: 0 }] = rows
  return { entries: Number(n), oldestSeconds: Math.max(0, Number(oldest ?? 0)), rejected: Number(rejected) }
}

/** How many sealed entries the database has, and the number after the last index. Without gaps both are the same. */
export async function countSealed(queries: Queries): Promise<{ readonly entries: number; readonly end: number }> {
  const { rows } = await queries.query<{ n: string; end: string }>(
    'SELECT count(log_index) AS n, coalesce(max(log_index) + 1, 0) AS end FROM proof_entries WHERE log_index IS NOT NULL'
  )
  return { entries: Number(rows[0]?.n), end: Number(rows[0]?.end) }
}

/** Sealed entries from index `from` up to, and without, `to`, in their order. */
export async function readSealed(queries: Queries, from: number, to: number): Promise<readonly string[]> {
  const { rows } = await queries.query<{ entry: string }>(
    'SELECT entry FROM proof_entries WHERE log_index >= $1 AND log_index < $2 ORDER BY log_index',
    [from, to]
  )
  return rows.map(({ entry }) => entry)
}

/** The hash of the last sealed entry, and the number after its index; undefined where none is sealed. */
export async function lastSealed(
  queries: Queries
): Promise<{ readonly size: number; readonly hash: Buffer } | undefined> {
  const { rows } = await queries.query<{ log_index: string; entry: string }>(
    'SELECT log_index, entry FROM proof_entries WHERE log_index IS NOT NULL ORDER BY log_index DESC LIMIT 1'
  )
  const [last] = rows
  return last && { size: Number(last.log_index) + 1, hash: entryHash(Buffer.from(last.entry)) }
}

/** Sealed entries of the kind `key`, with their indices. */
export async function readKeyEntries(
  queries: Queries
): Promise<readonly { readonly index: number; readonly entry: string }[]> {
  const { rows } = await queries.query<{ log_index: string; entry: string }>(
    "SELECT log_index, entry FROM proof_entries WHERE kind = 'key' AND log_index IS NOT NULL ORDER BY log_index"
  )
  return rows.map(({ log_index, entry }) => ({ index: Number(log_index), entry }))
}

/**
 * Locks the entries that can be sealed: closed ones, and open ones whose writer is gone. Those that a writer has locked at
 * the moment are passed over.
 * @param staleMs since when an open one has to be untouched
 */
export async function lockCandidates(session: Queries, most: number, staleMs: number): Promise<readonly Candidate[]> {
  const { rows } = await session.query<Omit<Candidate, 'number'> & { number: string }>(
    `SELECT number, writer, seq, kind, entry FROM proof_entries
     WHERE log_index IS NULL AND rejected IS NULL AND (NOT open OR touched_at <= clock_timestamp() - $2 * interval '1 ms')
     ORDER BY number LIMIT $1 FOR UPDATE SKIP LOCKED`,
    [most, staleMs]
  )
  return rows.map(row => ({ ...row, number: Number(row.number) }))
}

/** The entries before candidates, where these are no candidates themselves. */
export async function readPredecessors(
  queries: Queries,
  candidates: readonly Candidate[]
): Promise<ReadonlyMap<string, Predecessor>> {
  const here = new Set(candidates.map(placeOf))
  const wanted = candidates
    .filter(({ seq }) => seq > 0)
    .map(({ writer, seq }) => ({ writer, seq: seq - 1 }))
    .filter(place => !here.has(placeOf(place)))
  if (wanted.length === 0) return new Map()
  const { rows } = await queries.query<{ writer: string; seq: number; entry: string; state: Predecessor['state'] }>(
    `SELECT writer, seq, entry, CASE WHEN rejected IS NOT NULL THEN 'rejected'
       WHEN log_index IS NOT NULL THEN 'sealed' ELSE 'waiting' END AS state
     FROM unnest($1::uuid[], $2::int[]) AS wanted (writer, seq) JOIN proof_entries USING (writer, seq)`,
    [wanted.map(({ writer }) => writer), wanted.map(({ seq }) => seq)]
  )
  return new Map(rows.map(row => [placeOf(row), { digest: digestOfEntry(row.entry), state: row.state }]))
}

/** Gives sealed entries their indices from `size` on, and rejected ones their reasons. */
export async function writeJudgement(session: Queries, { sealed, rejected }: Judgement, size: number): Promise<void> {
  await session.query(
    `UPDATE proof_entries e SET log_index = given.log_index, open = false
     FROM unnest($1::bigint[], $2::bigint[]) AS given (number, log_index) WHERE e.number = given.number`,
    [sealed.map(({ number }) => number), sealed.map((_, at) => size + at)]
  )
  if (rejected.length === 0) return
  await session.query(
    `UPDATE proof_entries e SET rejected = given.reason, open = false
     FROM unnest($1::bigint[], $2::text[]) AS given (number, reason) WHERE e.number = given.number`,
    [rejected.map(({ number }) => number), rejected.map(({ reason }) => reason)]
  )
}

/** A sealed entry that a database lacks. */
export interface SealedRow {
  readonly writer: string
  readonly seq: number
  readonly kind: string
  readonly entry: string
  readonly logIndex: number
}

/** Adds sealed entries; those that are there without a place get it, and become what was sealed where they were open. */
export async function insertSealed(client: Queries, rows: readonly SealedRow[]): Promise<void> {
  await client.query(
    `INSERT INTO proof_entries AS e (writer, seq, kind, entry, log_index)
     SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::bigint[])
     ON CONFLICT (writer, seq) DO UPDATE
       SET entry = excluded.entry, open = false, log_index = excluded.log_index, rejected = NULL`,
    [
      rows.map(({ writer }) => writer),
      rows.map(({ seq }) => seq),
      rows.map(({ kind }) => kind),
      rows.map(({ entry }) => entry),
      rows.map(({ logIndex }) => logIndex)
    ]
  )
}

/** A checkpoint as the database has it. */
export interface StoredCheckpoint {
  readonly size: number
  /** Signed. */
  readonly note: string
  /** s since it was made. */
  readonly ageSeconds: number
  /** When each place had it, by address. */
  readonly places: Readonly<Record<string, string>>
}

/** The newest checkpoint of the database. */
export async function newestCheckpoint(queries: Queries): Promise<StoredCheckpoint | undefined> {
  const { rows } = await queries.query<{
    size: string
    note: string
    age: string
    places: Readonly<Record<string, string>>
  }>(
    `SELECT size, note, extract(epoch FROM clock_timestamp() - made_at) AS age, places
     FROM proof_checkpoints ORDER BY size DESC LIMIT 1`
  )
  const [row] = rows
  return row && { size: Number(row.size), note: row.note, ageSeconds: Math.max(0, Number(row.age)), places: row.places }
}

/** Notes that a place has a checkpoint. */
export async function storeCheckpoint(queries: Queries, size: number, note: string, place: string): Promise<void> {
  await queries.query(
    `INSERT INTO proof_checkpoints AS c (size, note, places)
     VALUES ($1, $2, jsonb_build_object($3::text, to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))
     ON CONFLICT (size) DO UPDATE SET places = c.places || excluded.places`,
    [size, note, place]
  )
}
