import { type AsideLine, leafOf, rowColumns } from '../../../../proof/index.ts'
import { copyOut } from '../../../../trail/session/index.ts'
import type { TestTrail } from '../../trail.ts'
import { testParties } from '../parties.ts'
import { type ProvedRow, stretchFaults } from './stretch-faults.ts'

const utc = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/**
 * Holds what a sink has said of its rows against what Postgres gives back: the rows as binary COPY, and the lists.
 * @param signer whose statements they are. Default: the sink of a trail that is proved in tests
 * @returns every violation, in words
 */
export async function proofFaults(
  trail: Pick<TestTrail, 'db' | 'rows' | 'topicPrefix' | 'group'>,
  signer = testParties.sink
): Promise<string[]> {
  const of = [trail.group]
  const place = 'topic, partition, incarnation'
  const lists = [
    `SELECT ${place}, 'duplicate' AS kind, kafka_offset AS offset, kafka_offset AS last, event_id::text AS id, NULL AS code, NULL::bytea AS digest FROM sink_duplicates WHERE consumer_group = $1`,
    `SELECT ${place}, 'quarantined', kafka_offset, coalesce(kafka_last_offset, kafka_offset), NULL, coalesce(first_code, code), digest FROM sink_quarantine WHERE consumer_group = $1`,
    `SELECT ${place}, 'lost', first_offset, last_offset, NULL, NULL, NULL FROM sink_gaps WHERE consumer_group = $1`
  ]
  const asides = await trail.rows(lists.join(' UNION ALL '), of)
  const booked = await trail.rows(
    `SELECT ${place}, first_offset::int AS first, last_offset::int AS last FROM sink_ledger WHERE consumer_group = $1`,
    of
  )
  const entries = await trail.rows("SELECT writer::text, seq, entry FROM proof_entries WHERE kind = 'batch'")
  return stretchFaults(
    {
      entries: entries as never,
      rows: await readRows(trail),
      asides: asides.map(({ topic, partition, incarnation, ...line }) => ({
        ...{ topic: String(topic), partition: Number(partition), incarnation: Number(incarnation) },
        line: { ...line, offset: Number(line.offset), last: Number(line.last) } as AsideLine
      })),
      booked: booked as never
    },
    signer
  )
}

/** Rows that came from Kafka, with the leaves of their bytes in COPY. */
async function readRows({ db, topicPrefix }: Pick<TestTrail, 'db' | 'topicPrefix'>): Promise<ProvedRow[]> {
  const rows: ProvedRow[] = []
  const client = await db.connect()
  try {
    await copyOut(
      client,
      `SELECT ${rowColumns.join(', ')}, ${utc('recorded_at')} FROM event_envelopes WHERE kafka_partition IS NOT NULL`,
      {
        take(bytes, at) {
          const [start, end] = [at[0] as number, at[2 * rowColumns.length - 1] as number]
          const row = Buffer.from(bytes.subarray(start - 6, end))
          // The tuple has a column more.
          row.writeInt16BE(rowColumns.length)
          const text = (column: number) => bytes.toString('utf8', at[2 * column], at[2 * column + 1])
          rows.push({
            topic: topicPrefix + text(rowColumns.indexOf('event_name')),
            partition: row.readInt32BE(row.length - 16),
            offset: Number(row.readBigInt64BE(row.length - 8)),
            leaf: leafOf(row),
            recorded: text(rowColumns.length)
          })
        },
        keepUp: async () => undefined
      }
    )
  } finally {
    client.release()
  }
  return rows
}
