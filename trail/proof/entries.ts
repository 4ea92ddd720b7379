import { randomBytes } from 'node:crypto'
import type { Queries } from '../../postgres/index.ts'
import { type StoredEntry, wordsDigest } from '../../proof/index.ts'

/** The name of the log; undefined where the trail is not proved. */
export async function proofOrigin(queries: Queries): Promise<string | undefined> {
  const { rows } = await queries.query<{ origin: string }>('SELECT origin FROM proof_settings')
  return rows[0]?.origin
}

/** When the trail began to be proved; undefined where it is not. */
export async function proofBegan(queries: Queries): Promise<Date | undefined> {
  const { rows } = await queries.query<{ began: Date }>('SELECT began_at AS began FROM proof_settings')
  return rows[0]?.began
}

/** Says for this transaction that its rows have a statement: `proof_require` refuses those of a proved trail without it. */
export async function sayProved(client: Queries): Promise<void> {
  await client.query("SELECT set_config('eventtrail.proof', 'on', true)")
}

/** SQL of a time as entries have it: UTC to the microsecond. */
export const timeSql = (expression: string): string =>
  `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/** When the transaction began by the clock of Postgres, as entries have it. */
export const transactionTime = timeSql('now()')

/** {@link transactionTime} of this transaction, with the machine's own clock. */
export async function momentOf(
  client: Queries,
  nowMs: number
): Promise<{ readonly recorded: string; readonly clock: string }> {
  const { rows } = await client.query<{ recorded: string }>(`SELECT ${transactionTime} AS recorded`)
  return { recorded: rows[0]?.recorded as string, clock: clockTime(nowMs) }
}

/** A time of a machine as entries have it. @param ms since 1970 */
export const clockTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z')

/** An entry that is stored at once, and never extended. */
type NewEntry = Omit<StoredEntry, 'open'> & { readonly kind: string }

/** Adds an entry in the transaction of what it says. @returns its number, which other tables name */
export async function addEntry(client: Queries, { writer, seq, kind, entry }: NewEntry): Promise<number> {
  const { rows } = await client.query<{ number: string }>(
    'INSERT INTO proof_entries (writer, seq, kind, entry) VALUES ($1, $2, $3, $4) RETURNING number',
    [writer, seq, kind, entry]
  )
  return Number(rows[0]?.number)
}

/** Adds entries, or extends those that are open: a statement, or a part of one in WITH. A row for each that was taken. */
export const extensionSql = (writer: string, seq: string, kind: string, entry: string, open: string): string => `
  INSERT INTO proof_entries AS e (writer, seq, kind, entry, open)
  SELECT * FROM unnest(${writer}::uuid[], ${seq}::int[], ${kind}::text[], ${entry}::text[], ${open}::boolean[])
  ON CONFLICT (writer, seq) DO UPDATE SET entry = excluded.entry, open = excluded.open, touched_at = now()
  WHERE e.open AND e.log_index IS NULL
  RETURNING 1`

/**
 * Adds entries, or extends in place those that are open.
 * @returns whether all of them were taken: false where one is sealed by now, or a trigger left it out
 */
export async function extendEntries(client: Queries, kind: string, entries: readonly StoredEntry[]): Promise<boolean> {
  const { rowCount } = await client.query(extensionSql('$1', '$2', '$3', '$4', '$5'), extensionValues(kind, entries))
  return rowCount === entries.length
}

/** What {@link extensionSql} takes, in its order. */
export const extensionValues = (kind: string, entries: readonly StoredEntry[]): unknown[] => [
  entries.map(({ writer }) => writer),
  entries.map(({ seq }) => seq),
  entries.map(() => kind),
  entries.map(({ entry }) => entry),
  entries.map(({ open }) => open)
]

/** Closes the entry of a writer that is still open, with the text that it has: the next one may then be sealed. */
export async function closeEntries(client: Queries, writer: string): Promise<void> {
  await client.query('UPDATE proof_entries SET open = false, touched_at = now() WHERE writer = $1 AND open', [writer])
}

const saltBytes = 16

/**
 * Keeps a reason and names of people outside of the log, where they can be erased.
 * @param words JSON
 * @returns their digest for the entry, base64
 */
export async function keepWords(client: Queries, words: Readonly<Record<string, string | null>>): Promise<string> {
  const salt = randomBytes(saltBytes)
  const text = JSON.stringify(words)
  const digest = wordsDigest(salt, text)
  await client.query('INSERT INTO proof_words (digest, salt, words) VALUES ($1, $2, $3)', [
    Buffer.from(digest, 'base64'),
    salt,
    text
  ])
  return digest
}
