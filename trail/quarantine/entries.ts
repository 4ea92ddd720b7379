import { leafOf, rowForm } from '../../proof/index.ts'
import type { ChangeEntries } from '../proof/index.ts'
import { idOf, type RowBytes } from '../types.ts'

/** Where something in quarantine is in Kafka. */
export interface QuarantinePlace {
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly incarnation: number
  readonly offset: number
  /** Null for a single record. */
  readonly lastOffset: number | null
}

type Said = Parameters<ChangeEntries['add']>[0]

/** What an entry says of a record that became a row after all. */
export function retryEntry({ group, topic, partition, incarnation, offset }: QuarantinePlace, row: RowBytes): Said {
  const leaf = leafOf(row.buffer.bytes.subarray(row.start, row.end)).toString('base64')
  const record = { topic, partition, incarnation, offset }
  return { kind: 'retry', group, form: rowForm, record, event: idOf(row), leaf }
}

/** What an entry says of what is no longer held and became no row. */
export function resolutionEntry(place: QuarantinePlace, status: 'duplicate' | 'discarded'): Said {
  const { group, topic, partition, incarnation, offset: first, lastOffset } = place
  const record = { topic, partition, incarnation, first, last: lastOffset ?? first }
  return { kind: 'resolution', group, record, status }
}
