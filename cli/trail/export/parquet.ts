import { type ParquetColumn, type ParquetValue, parquetWriter } from '../../../archive/index.ts'
import { nanosOf } from '../../../schemas/index.ts'
import type { FoundRow } from '../../../trail/index.ts'
import type { RowFormat } from './formats.ts'

interface Column extends ParquetColumn {
  readonly of: (row: FoundRow) => ParquetValue
}

const columns: readonly Column[] = [
  { name: 'id', type: 'text', distinct: true, of: row => row.id },
  { name: 'aggregate_id', type: 'text', distinct: true, of: row => row.aggregate_id },
  { name: 'occurred_at', type: 'timestamp', of: row => microsOf(row.occurred_at) },
  { name: 'event_name', type: 'text', of: row => row.event_name },
  { name: 'payload', type: 'text', distinct: true, of: row => row.payload },
  { name: 'schema_version', type: 'int32', of: row => row.schema_version },
  { name: 'source', type: 'text', nullable: true, of: row => row.source },
  { name: 'actor', type: 'text', nullable: true, of: row => row.actor },
  { name: 'traceparent', type: 'text', nullable: true, of: row => row.traceparent },
  { name: 'kafka_partition', type: 'int32', nullable: true, of: row => row.kafka_partition },
  {
    name: 'kafka_offset',
    type: 'int64',
    nullable: true,
    of: row => (row.kafka_offset === null ? null : BigInt(row.kafka_offset))
  },
  { name: 'recorded_at', type: 'timestamp', of: row => microsOf(row.recorded_at) }
]

/** Types that DuckDB, pyarrow and others read alike; the payload is JSON text, with every digit. */
export const parquet: RowFormat = async sink => {
  const writer = await parquetWriter(columns, { write: bytes => sink.write(Buffer.from(bytes)) })
  return {
    async write(rows) {
      for (const row of rows) await writer.write(columns.map(({ of }) => of(row)))
    },
    async end() {
      await writer.finish()
    }
  }
}

function microsOf(text: string): bigint {
  const nanos = nanosOf(text, 'instant')
  if (nanos === undefined) throw new RangeError('a time of the trail is none of ISO 8601: export it as ndjson')
  return nanos / 1_000n
}
