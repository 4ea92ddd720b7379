import type { Queries } from '../../../postgres/index.ts'
import type { Books, KeptLeaf, LedgerSum } from '../account/index.ts'

const place = 'consumer_group AS "group", topic, partition, incarnation'
const micros = (column: string): string =>
  `(extract(epoch FROM ${column} - timestamptz '2000-01-01 00:00Z') * 1000000)::bigint`

type Row = Record<string, unknown>
/** Postgres gives a bigint as text; all of these are below 2^53. */
const withNumbers = <T>(rows: Row[], ...names: string[]): T[] =>
  rows.map(row => ({ ...row, ...Object.fromEntries(names.map(name => [name, Number(row[name])])) }) as T)

/** Positions, ledger and resets of all groups. */
export async function readBooks(session: Queries): Promise<Books> {
  const positions = await session.query<Row>(`SELECT ${place}, next_offset AS next FROM sink_offsets`)
  const ledger = await session.query<Row>(
    `SELECT ${place}, min(first_offset) AS first, max(last_offset) AS last, sum(rows) AS rows,
       sum(duplicates) AS duplicates, sum(quarantined) AS quarantined, sum(skipped) AS skipped, sum(lost) AS lost
     FROM sink_ledger GROUP BY 1, 2, 3, 4`
  )
  const resets = await session.query<Row>(`SELECT ${place}, ${micros('reset_at')} AS at FROM sink_resets`)
  return {
    positions: withNumbers<Books['positions'][number]>(positions.rows, 'next'),
    ledger: withNumbers<LedgerSum>(
      ledger.rows,
      ...['first', 'last', 'rows', 'duplicates', 'quarantined', 'skipped', 'lost']
    ),
    resets: withNumbers<Books['resets'][number]>(resets.rows, 'at')
  }
}

/** Leaves of rows that went by retention or redaction, in the order in which their digest is made. */
export async function readKept(session: Queries, size: number): Promise<KeptLeaf[]> {
  const { rows } = await session.query<Row>(
    `SELECT e.number, e.log_index, event_id AS event, topic, partition, incarnation, kafka_offset AS "offset", leaf
     FROM proof_kept k JOIN proof_entries e ON e.number = k.entry
     ORDER BY e.number, topic COLLATE "C", partition, incarnation, kafka_offset, event_id`
  )
  return rows.map(({ number, log_index, ...row }) => {
    const isSealed = log_index !== null && Number(log_index) < size
    const from = { entry: isSealed ? Number(log_index) : undefined, unsealed: isSealed ? undefined : Number(number) }
    return { ...row, ...from, offset: Number(row.offset) } as unknown as KeptLeaf
  })
}
