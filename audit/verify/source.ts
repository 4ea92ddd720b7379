import type { Entry, EntryKind } from '../../proof/index.ts'
import type { Place } from './findings.ts'

/** Where something that is known of rows comes from: an entry. */
export interface Source {
  readonly kind: EntryKind
  /** Its index in the log; of one that is not sealed, the index that it may get at the earliest. */
  readonly index: number
  /** The number in `proof_entries` of one that is not sealed. */
  readonly unsealed?: number | undefined
  /** Whether it was there at an older checkpoint: what it says of rows is not verified again. */
  readonly isOld: boolean
  /** When the first and the last of its transactions began: µs since 2000, as Postgres counts. */
  readonly recorded: { readonly first: number; readonly last: number }
  /** Whether a key has signed it that may. What one says that may not is known, and is not believed. */
  isTrusted: boolean
}

/** Where an entry is. */
export const placeOfSource = ({ index, unsealed }: Pick<Source, 'index' | 'unsealed'>): Place =>
  unsealed === undefined ? { entry: index } : { unsealed }

const postgresEpochMs = 946_684_800_000

/** A time of an entry in µs since 2000. */
export function microsOf(time: string): number {
  // `2026-11-26T07:31:02.101774Z`: what JavaScript reads ends at the milliseconds.
  const ms = Date.parse(`${time.slice(0, 23)}Z`)
  return (ms - postgresEpochMs) * 1_000 + Number(time.slice(23, 26))
}

/** The other way around. */
export function timeOf(micros: number): string {
  const ms = Math.floor(micros / 1_000)
  const rest = String(micros - ms * 1_000).padStart(3, '0')
  return new Date(ms + postgresEpochMs).toISOString().replace('Z', `${rest}Z`)
}

export function recordedOf({ recorded }: Entry): Source['recorded'] {
  if (typeof recorded === 'string') {
    const at = microsOf(recorded)
    return { first: at, last: at }
  }
  return { first: microsOf(recorded.first), last: microsOf(recorded.last) }
}
