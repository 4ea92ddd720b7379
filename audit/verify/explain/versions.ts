import type { Queries } from '../../../postgres/index.ts'
import type { ChangedStretch } from '../account/index.ts'

/** A row as the database has it now. */
export interface RowVersion {
  readonly offset: number
  readonly id: string
  /** Transactions since the one that wrote this version: what is written later has fewer. */
  readonly age: number
}

/** Offsets after a stretch that are asked for too: without them nothing is known of its last row. */
const after = 100

/** The rows of these stretches, and those that follow, in the order of their offsets. One scan for all. */
export async function readVersions(
  session: Queries,
  stretches: readonly ChangedStretch[]
): Promise<readonly (readonly RowVersion[])[]> {
  const { rows } = await session.query<{ n: number; offset: string; id: string; age: number }>(
    `SELECT s.n::int, e.kafka_offset AS "offset", e.id, age(e.xmin) AS age
     FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) WITH ORDINALITY AS s(name, partition, first, last, n)
     JOIN event_envelopes e ON e.event_name = s.name AND e.kafka_partition = s.partition
       AND e.kafka_offset BETWEEN s.first AND s.last
     ORDER BY s.n, e.kafka_offset`,
    [
      stretches.map(({ eventName }) => eventName),
      stretches.map(({ partition }) => partition),
      stretches.map(({ first }) => first),
      stretches.map(({ last }) => last + after)
    ]
  )
  const found: RowVersion[][] = stretches.map(() => [])
  for (const { n, offset, ...row } of rows) found[n - 1]?.push({ ...row, offset: Number(offset) })
  return found
}

/**
 * Rows that were written later than one that follows them: a sink writes a partition in its order. Only a hint: a dump
 * that was restored, or a table that was written again, has lost these times.
 */
export function writtenLate(versions: readonly RowVersion[], last: number): readonly RowVersion[] {
  const late: RowVersion[] = []
  let oldest = 0
  for (const version of versions.toReversed()) {
    if (version.age < oldest && version.offset <= last) late.push(version)
    oldest = Math.max(oldest, version.age)
  }
  return late.reverse()
}
