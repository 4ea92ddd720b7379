import { UsageError } from '../../core/index.ts'
import {
  checkInclusion,
  entryHash,
  hashBytes,
  parseCheckpoint,
  parseEntry,
  parseNote,
  rowColumns,
  WideTree
} from '../../proof/index.ts'
import { openSnapshot, type Snapshot, type SnapshotOptions } from '../../trail/index.ts'
import { AuditError } from '../errors.ts'
import type { TileStore } from '../store/index.ts'
import { sealedCheckpoint } from './export.ts'
import {
  type CopiedRow,
  composeRowProof,
  copiedRow,
  inclusionProof,
  linesFor,
  type ProvedEntry,
  type ProvingLine
} from './row-proof.ts'

/** An event that can be proved. */
export interface ProvedEvent {
  /** The text of an `.eventproof`. */
  readonly text: string
  readonly row: CopiedRow['row']
  /** The index in the log of the entry that accounts for it. */
  readonly entry: number
}

interface FoundEntry {
  readonly note: string
  readonly index: number
}

/**
 * Composes the proof of one event of the trail.
 * @param id a UUID in lower case
 * @throws UsageError where the trail has no such event; AuditError `EVENT_UNPROVED` where no entry of the log accounts for
 *   the row as it is, `STORE_MISSING`, `STORE_DIFFERS` and others of the store; a database error
 */
export async function proveEvent(source: SnapshotOptions, store: TileStore, id: string): Promise<ProvedEvent> {
  const note = await sealedCheckpoint(store)
  const checkpoint = { note, ...parseCheckpoint(parseNote(note).text) }
  const snapshot = await openSnapshot(source)
  try {
    const row = await rowOf(snapshot, id)
    const found = await proving(snapshot, row, checkpoint.size)
    if (!found)
      throw new AuditError(
        'EVENT_UNPROVED',
        'No entry of the log accounts for the event as it is in the trail: it is not sealed yet, or from before the proof, or was changed. A verification of the trail says which'
      )
    const proved = async ({ note: entry, index }: FoundEntry): Promise<ProvedEntry> => {
      const { proof, path } = await inclusionProof(store, checkpoint, index)
      try {
        checkInclusion(entryHash(Buffer.from(entry)), { ...checkpoint, index }, path)
      } catch (cause) {
        throw new AuditError('STORE_DIFFERS', `${store.address} has another entry ${index} than the database`, cause)
      }
      return { entry, proof }
    }
    const keys: ProvedEntry[] = []
    for (const each of await keyEntries(snapshot, checkpoint.size)) keys.push(await proved(each))
    const { line, index, leaves } = found
    const entry = await proved(found.entry)
    return {
      text: composeRowProof({ tuple: row.tuple, entry, line, index, leaves, keys }),
      row: row.row,
      entry: found.entry.index
    }
  } finally {
    await snapshot.close()
  }
}

/** Rows of the trail that meet a condition. */
async function rowsWhere(snapshot: Snapshot, condition: string): Promise<CopiedRow[]> {
  const rows: CopiedRow[] = []
  await snapshot.copyOut(
    `SELECT ${rowColumns.join(', ')}, recorded_at FROM event_envelopes WHERE ${condition}`,
    collect((bytes, at) => rows.push(copiedRow(bytes, at)))
  )
  return rows
}

const collect = (take: (bytes: Buffer, at: Int32Array) => unknown) => ({
  take: (bytes: Buffer, at: Int32Array) => void take(bytes, at),
  keepUp: async () => undefined
})

async function rowOf(snapshot: Snapshot, id: string): Promise<CopiedRow> {
  const [row] = await rowsWhere(snapshot, `id = ${literal(id)}`)
  if (!row) throw new UsageError('The trail has no event of this id')
  return row
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

async function keyEntries(snapshot: Snapshot, size: number): Promise<FoundEntry[]> {
  const { rows } = await snapshot.session.query<{ entry: string; log_index: string }>(
    "SELECT entry, log_index FROM proof_entries WHERE kind = 'key' AND log_index < $1 ORDER BY log_index",
    [size]
  )
  return rows.map(({ entry, log_index }) => ({ note: entry, index: Number(log_index) }))
}

/** An entry that was extended when the row was stored, first; all entries where it is none of them, as after a restore. */
const near = (id: string): string => `touched_at >= (SELECT recorded_at FROM event_envelopes WHERE id = ${literal(id)})
  AND touched_at <= (SELECT recorded_at + interval '1 minute' FROM event_envelopes WHERE id = ${literal(id)})`

/** The entry that accounts for a row, with all leaves of its line. */
async function proving(snapshot: Snapshot, copied: CopiedRow, size: number) {
  const { row } = copied
  const word =
    row.partition === null
      ? Buffer.from(row.id.replaceAll('-', ''), 'hex').toString('base64url')
      : `${row.eventName} ${row.partition} `
  // The event of an adopted row of the bus is in a range of ids.
  const has = `(strpos(entry, ${literal(word)}) > 0 OR kind = 'adopted')`
  for (const where of [near(row.id), 'true']) {
    const entries: FoundEntry[] = []
    await snapshot.copyOut(
      `SELECT entry, log_index FROM proof_entries
       WHERE kind IN ('batch', 'bus', 'retry', 'adopted') AND log_index < ${size} AND ${has} AND ${where}`,
      collect((bytes, at) => {
        const note = bytes.toString('utf8', at[0], at[1])
        if (linesFor(parseEntry(parseNote(note).text), row).length > 0)
          entries.push({ note, index: Number(bytes.readBigInt64BE(at[2])) })
      })
    )
    for (const entry of entries)
      for (const line of linesFor(parseEntry(parseNote(entry.note).text), row)) {
        const found = await leavesOf(snapshot, copied, entry, line)
        if (found) return { entry, line, ...found }
      }
  }
  return undefined
}

/** The leaves of a line, and the place of the row among them; undefined where they do not have its root. */
async function leavesOf(snapshot: Snapshot, copied: CopiedRow, entry: FoundEntry, { root, over }: ProvingLine) {
  if (over.kind === 'one') {
    return copied.leaf.toString('base64') === root ? { index: 0, leaves: copied.leaf } : undefined
  }
  const rows = await rowsWhere(snapshot, conditionOf(copied, entry, over))
  const kept = over.kind === 'offsets' ? await keptLeaves(snapshot, copied, over) : []
  const places = [...rows.map(({ row, leaf }) => ({ place: row.offset ?? row.id, leaf })), ...kept].sort(
    (one, other) => (one.place < other.place ? -1 : 1)
  )
  const leaves = Buffer.concat(places.map(({ leaf }) => leaf))
  const tree = new WideTree()
  tree.append(leaves)
  const index = places.findIndex(({ place }) => place === (copied.row.offset ?? copied.row.id))
  return index >= 0 && leaves.length >= hashBytes && tree.root()?.toString('base64') === root
    ? { index, leaves }
    : undefined
}

function conditionOf({ row }: CopiedRow, entry: FoundEntry, over: ProvingLine['over']): string {
  if (over.kind === 'ids') return `id = ANY(${literal(`{${over.ids.join(',')}}`)}::uuid[]) AND kafka_offset IS NULL`
  if (over.kind === 'range')
    return `id BETWEEN ${literal(over.first)} AND ${literal(over.last)} AND kafka_offset IS NULL`
  if (over.kind === 'one') return 'false'
  const { first, last, incarnation } = over
  const { recorded } = parseEntry(parseNote(entry.note).text) as { recorded: string | { first: string; last: string } }
  const when =
    typeof recorded === 'string'
      ? `recorded_at <= ${literal(recorded)}`
      : `recorded_at BETWEEN ${literal(recorded.first)} AND ${literal(recorded.last)}`
  // A record that came out of quarantine meanwhile is of the entry of its retry.
  const retried = `NOT EXISTS (SELECT FROM sink_quarantine q WHERE q.partition = kafka_partition
    AND q.kafka_offset = event_envelopes.kafka_offset AND q.incarnation = ${incarnation ?? 'q.incarnation'}
    AND q.event_id = id AND q.status = 'stored')`
  return `event_name = ${literal(row.eventName)} AND kafka_partition = ${row.partition}
    AND kafka_offset BETWEEN ${first} AND ${last} AND ${when} AND ${retried}`
}

/** Leaves of rows that retention has taken out of the stretch. */
async function keptLeaves(
  snapshot: Snapshot,
  { row }: CopiedRow,
  { first, last, incarnation }: { readonly first: number; readonly last: number; readonly incarnation: number | null }
) {
  const { rows } = await snapshot.session.query<{ kafka_offset: string; leaf: Buffer }>(
    `SELECT kafka_offset, leaf FROM proof_kept
     WHERE right(topic, length($1)) = $1 AND partition = $2 AND kafka_offset BETWEEN $3 AND $4
       AND ($5::int IS NULL OR incarnation = $5)`,
    [row.eventName, row.partition, first, last, incarnation]
  )
  return rows.map(({ kafka_offset, leaf }) => ({ place: BigInt(kafka_offset), leaf }))
}
