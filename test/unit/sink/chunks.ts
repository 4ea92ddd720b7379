import type { KafkaRecord } from '../../../kafka/index.ts'
import type { BadRecord, Chunk, Row } from '../../../trail/types.ts'

export const record = (offset: number, value: Buffer | null = Buffer.from(`value ${offset}`)): KafkaRecord => ({
  offset,
  key: Buffer.from('key'),
  value,
  headers: [],
  timestamp: 1_700_000_000_000
})

export const refused = (offset: number): BadRecord => ({
  offset,
  fault: { code: 'NULL_VALUE', reason: 'the record has no value' },
  record: record(offset, null)
})

/** A chunk of rows from `first` on, without the rows themselves; `facts` may say otherwise. */
export const chunk = (first: number, rows: number, facts: Partial<Chunk> = {}): Chunk => ({
  topic: 'lesson.published',
  partition: 0,
  incarnation: 1,
  first,
  last: first + rows - 1,
  pages: [],
  rows,
  badRecords: [],
  skipped: 0,
  lost: 0,
  bytes: rows * 100,
  ...facts
})

/** A row of a chunk, without its bytes. */
export const row = (of: Chunk, offset: number): Row => ({
  chunk: of,
  offset,
  record: record(offset),
  buffer: { bytes: Buffer.alloc(0) },
  start: 0,
  end: 0
})
