import type { Queries } from '../../../postgres/index.ts'
import type { Findings } from '../findings.ts'
import type { ReadLog } from '../log/index.ts'

const batchSize = 1_000

/**
 * Compares the entries that the database calls sealed with those of the log: the log counts, and the database has to have
 * all of it.
 */
export async function compareSealed(
  session: Queries,
  { checkpoint, hashes }: ReadLog,
  findings: Findings
): Promise<void> {
  const { size } = checkpoint
  let [next, missing]: [number, { first: number; count: number } | undefined] = [0, undefined]
  const isGone = (upTo: number): void => {
    if (upTo > next) missing = { first: missing?.first ?? next, count: (missing?.count ?? 0) + upTo - next }
  }
  for (;;) {
    const { rows } = await session.query<{ index: string; hash: Buffer; rejected: boolean }>(
      `SELECT log_index AS index, sha256('\\x00'::bytea || convert_to(entry, 'UTF8')) AS hash
       FROM proof_entries WHERE log_index >= $1 AND log_index < $2 ORDER BY log_index LIMIT $3`,
      [next, size, batchSize]
    )
    for (const { index, hash } of rows) {
      isGone(Number(index))
      if (!hash.equals(hashes.read(0, Number(index))))
        findings.report('ENTRY_FORGED', { entry: Number(index) }, 'the database has another text than the log')
      next = Number(index) + 1
    }
    if (rows.length < batchSize) break
  }
  const end = next
  isGone(size)
  if (!missing) return
  const { first, count } = missing
  if (first === end)
    findings.report('LOG_ROLLED_BACK', { entry: first }, `the database has ${end} entries, and the log ${size}`)
  else findings.report('ENTRY_MISSING', { entry: first }, `the database lacks ${count} entries that the log has`)
}

/** Entries that the sealer has left out of the log are evidence: someone wrote them who may not. */
export async function reportRejected(session: Queries, findings: Findings): Promise<void> {
  const { rows } = await session.query<{ number: string; rejected: string }>(
    'SELECT number, rejected FROM proof_entries WHERE rejected IS NOT NULL ORDER BY number'
  )
  for (const { number, rejected } of rows)
    findings.report('ENTRY_FORGED', { unsealed: Number(number) }, `the sealer has left it out of the log: ${rejected}`)
}

/** Entries that the checkpoint does not have, in the order of their numbers; those that the sealer rejected left out. */
export async function readUnsealed(session: Queries, size: number): Promise<{ number: number; entry: Buffer }[]> {
  const { rows } = await session.query<{ number: string; entry: string }>(
    `SELECT number, entry FROM proof_entries WHERE rejected IS NULL AND (log_index IS NULL OR log_index >= $1)
     ORDER BY kind <> 'key', number`,
    [size]
  )
  return rows.map(({ number, entry }) => ({ number: Number(number), entry: Buffer.from(entry) }))
}

/** The signed checkpoint that the database has of the most entries; undefined where it has none. */
export async function readNewestCheckpoint(session: Queries): Promise<string | undefined> {
  const { rows } = await session.query<{ note: string }>(
    'SELECT note FROM proof_checkpoints ORDER BY size DESC LIMIT 1'
  )
  return rows[0]?.note
}
