/**
 * Types that every reader of Parquet takes for the same: DuckDB, pyarrow, Spark, Iceberg. A UUID, JSON and a decimal are
 * text, a smallint is an `int32`.
 */
export type ParquetType = 'text' | 'boolean' | 'int32' | 'int64' | 'double' | 'timestamp'

/** What a cell holds: `int64` is a bigint, `timestamp` µs since 1970 as a bigint, in UTC. */
export type ParquetValue = string | number | bigint | boolean | null

export interface ParquetColumn {
  readonly name: string
  readonly type: ParquetType
  /** Whether it may be null. Default false. */
  readonly nullable?: boolean
  /** Values rarely repeat, as those of ids do: then no dictionary is tried. Default false. */
  readonly distinct?: boolean
}
