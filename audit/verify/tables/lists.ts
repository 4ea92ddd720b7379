import type { SessionQueries } from '../../../postgres/index.ts'
import { type AsideLine, quarantineDigest } from '../../../proof/index.ts'
import { copyOut } from '../../../trail/index.ts'
import type { ListChecker, ListedLine, PartitionPlace } from '../account/index.ts'
import type { Findings } from '../findings.ts'

/** Records of quarantine that are hashed again at once. */
const batchSize = 200

/** Reads the lists of duplicates, quarantine and gaps. @param since µs since 2000: what was listed earlier is left out */
export async function readLists(
  session: SessionQueries,
  since: number,
  checker: ListChecker,
  keepUp: () => Promise<void>
): Promise<void> {
  const from = (column: string): string =>
    since > 0 ? `WHERE ${column} >= timestamptz '2000-01-01 00:00Z' + ${since} * interval '1 microsecond'` : ''
  const place = 'consumer_group, topic, partition, incarnation'
  const query = `SELECT ${place}, kafka_offset, NULL::bigint, 'd', event_id, NULL::text, NULL::bytea, noticed_at, NULL::text
      FROM sink_duplicates ${from('noticed_at')}
    UNION ALL SELECT ${place}, kafka_offset, kafka_last_offset, 'q', NULL, coalesce(first_code, code), digest, quarantined_at, status
      FROM sink_quarantine ${from('quarantined_at')}
    UNION ALL SELECT ${place}, first_offset, last_offset, 'l', NULL, NULL, NULL, noticed_at, NULL
      FROM sink_gaps ${from('noticed_at')}
    ORDER BY 1, 2, 3, 4, 5`
  await copyOut(session, query, { take: (bytes, at) => checker.take(lineOf(bytes, at)), keepUp })
}

function lineOf(bytes: Buffer, at: Int32Array): ListedLine {
  const from = (index: number): number => at[2 * index] as number
  const text = (index: number): string => bytes.toString('utf8', from(index), at[2 * index + 1])
  const int64 = (index: number): number => Number(bytes.readBigInt64BE(from(index)))
  const isNull = (index: number): boolean => at[2 * index + 1] === -1
  const offset = int64(4)
  const last = isNull(5) ? offset : int64(5)
  const kind = text(6)
  const line: AsideLine =
    kind === 'd'
      ? { kind: 'duplicate', offset, id: uuidOf(bytes.toString('hex', from(7), at[15])) }
      : kind === 'l'
        ? { kind: 'lost', offset, last }
        : {
            ...{ kind: 'quarantined', offset, last, code: text(8) },
            digest: isNull(9) ? Buffer.alloc(0) : Buffer.from(bytes.subarray(from(9), at[19]))
          }
  const place = {
    group: text(0),
    topic: text(1),
    partition: bytes.readInt32BE(from(2)),
    incarnation: bytes.readInt32BE(from(3))
  }
  return { ...place, line, at: int64(10), status: isNull(11) ? undefined : text(11) }
}

const uuidOf = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** What quarantine shows where it does not keep the time that Kafka had: docs/proof-format.md. */
const bounds = [0n, 253_402_300_799_999n]

/**
 * Makes the digests of records again that still have their bytes.
 * @returns how many; undefined where this login may not read the bytes
 */
export async function checkQuarantine(
  session: SessionQueries,
  findings: Findings,
  keepUp: () => Promise<void>
): Promise<number | undefined> {
  const rights = await session.query<{ may: boolean }>(
    `SELECT has_column_privilege('sink_quarantine', 'value', 'SELECT') AS may`
  )
  if (!rights.rows[0]?.may) return undefined
  let checked = 0
  for (let after = 0; ; ) {
    await keepUp()
    const { rows } = await session.query<Record<string, unknown>>(recordsAfter, [after, batchSize])
    for (const row of rows) if (!isSameRecord(row)) report(row, findings)
    checked += rows.length
    if (rows.length < batchSize) return checked
    after = Number(rows.at(-1)?.number)
  }
}

// The headers as text: not by JSON.parse, which takes some keys for others (decision 0077).
const recordsAfter = `SELECT number, topic, partition, incarnation, consumer_group AS "group", kafka_offset AS "offset",
    key, value, digest, floor(extract(epoch FROM kafka_timestamp) * 1000)::bigint AS timestamp,
    (SELECT coalesce(jsonb_agg(jsonb_build_array(h -> 'key', h -> 'value') ORDER BY n), '[]')
     FROM jsonb_array_elements(headers) WITH ORDINALITY AS t(h, n))::text AS headers
  FROM sink_quarantine WHERE number > $1 AND purged_at IS NULL AND digest IS NOT NULL ORDER BY number LIMIT $2`

function isSameRecord(row: Record<string, unknown>): boolean {
  const { key, value, headers, digest } = row as { key: Buffer; value: Buffer; headers: string; digest: Buffer }
  const timestamp = BigInt(row.timestamp as string)
  // A time at a bound may have been another one, and its digest cannot be made again.
  return bounds.includes(timestamp) || quarantineDigest({ timestamp, key, value, headers }).equals(digest)
}

function report(row: Record<string, unknown>, findings: Findings): void {
  const { topic, partition, incarnation, group } = row as unknown as PartitionPlace
  findings.report(
    'LIST_CHANGED',
    { topic, partition, incarnation, group, first: Number(row.offset) },
    'the record in quarantine is not the one that was put there'
  )
}
