import type { SessionQueries } from '../../../postgres/index.ts'
import { rowColumns } from '../../../proof/index.ts'
import { copyOut } from '../../../trail/index.ts'
import type { RowPlacer } from '../account/index.ts'

/** Reads all rows once, in the order in which they lie. @param since µs since 2000: rows recorded earlier are left out */
export async function readRows(
  session: SessionQueries,
  since: number,
  placer: RowPlacer,
  keepUp: () => Promise<void>
): Promise<void> {
  const from =
    since > 0 ? `WHERE recorded_at >= timestamptz '2000-01-01 00:00Z' + ${since} * interval '1 microsecond'` : ''
  await copyOut(session, `SELECT ${rowColumns.join(', ')}, recorded_at FROM event_envelopes ${from}`, {
    take: (bytes, at) => placer.take(bytes, at),
    keepUp
  })
}
