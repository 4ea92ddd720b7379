import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import type { ProofRow, quarantineDigest } from '../../../proof/index.ts'
import { vectorRow } from './rows.ts'

/** What a test has stored of a partition in one transaction. Offsets that are not named are skipped. */
export interface GivenStretch {
  /** Without the prefix. Default `badge.awarded`. */
  readonly eventName?: string
  /** Default 0. */
  readonly partition?: number
  /** Default 1. */
  readonly incarnation?: number
  readonly first: number
  readonly last: number
  /** In the order of their offsets. Default: one for each offset that is nothing else. */
  readonly rows?: readonly ProofRow[]
  readonly duplicates?: readonly { readonly offset: number; readonly id: string }[]
  readonly quarantined?: readonly GivenRecord[]
  /** How many offsets at the start Kafka lost. Default 0. */
  readonly lost?: number
}

export interface GivenRecord {
  readonly offset: number
  /** Of a batch. */
  readonly last?: number
  readonly code: string
  readonly record: Parameters<typeof quarantineDigest>[0]
}

/** A record that cannot become a row. */
export const givenRecord = (offset: number, more: Partial<GivenRecord> = {}): GivenRecord => ({
  offset,
  code: 'DECODE_FAILED',
  record: {
    timestamp: 1_790_000_000_123n,
    key: Buffer.from('a key'),
    value: Buffer.from([0, offset % 256]),
    headers: '[["one", "AAE="], ["none", null]]'
  },
  ...more
})

/** A row with an id and an aggregate of its own, at a place. */
export const givenRow = (
  eventName: string,
  partition: number | null,
  offset: number | null,
  more: Partial<ProofRow> = {}
): ProofRow => ({
  ...vectorRow,
  id: v7(),
  aggregateId: randomUUID(),
  eventName,
  partition,
  offset: offset === null ? null : BigInt(offset),
  ...more
})

/** The stretch with its defaults. */
export function completed(given: GivenStretch): Required<GivenStretch> {
  const { eventName = 'badge.awarded', partition = 0, incarnation = 1, first, last } = given
  const { duplicates = [], quarantined = [], lost = 0 } = given
  const taken = (offset: number): boolean =>
    offset < first + lost ||
    duplicates.some(each => each.offset === offset) ||
    quarantined.some(each => each.offset <= offset && offset <= (each.last ?? each.offset))
  const {
    rows = Array.from({ length: last - first + 1 }, (_, index) => first + index)
      .filter(offset => !taken(offset))
      .map(offset => givenRow(eventName, partition, offset))
  } = given
  return { eventName, partition, incarnation, first, last, rows, duplicates, quarantined, lost }
}
