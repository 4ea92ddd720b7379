import type { Trail } from '../database.ts'
import type { Loaded } from '../load/index.ts'
import type { Metered } from '../measure/index.ts'
import { type Figures, figuresOf } from '../measure/index.ts'
import type { Durability, Servers } from '../types.ts'

/** What a contender gets for one turn. */
export interface Turn {
  readonly servers: Servers
  /** Empty, and its own. */
  readonly trail: Trail
  /** Different with each turn of each contender. */
  readonly id: string
  readonly signal: AbortSignal
}

/** A program that brings the loaded rows into Postgres. */
export interface Contender {
  /** Short, for `--only` and the JSON. */
  readonly name: string
  /** For the page. */
  readonly label: string
  readonly kind: 'ours' | 'peer' | 'limit' | 'naive'
  readonly loaded: Loaded
  /** Stores everything once and checks that it is there. @throws BenchError */
  run(turn: Turn): Promise<TurnResult>
}

export interface TurnResult {
  readonly records: number
  readonly figures: Figures
  /** Bytes; undefined where the process is too short-lived for an answer. */
  readonly peakMemory: number
  /** s from the start of the process to the last row. */
  readonly seconds: number
}

/** One turn with what it ran under. */
export interface Measured extends TurnResult {
  readonly contender: string
  readonly durability: Durability
}

/** @param scale what `rows` of the samples is when all is stored: records, or bytes of the table */
export function resultOf({ samples, peakMemory }: Metered, records: number, scale = records): TurnResult {
  const scaled = samples.map(sample => ({ ...sample, rows: (sample.rows / scale) * records }))
  const first = scaled[0]
  const last = scaled.find(sample => sample.rows >= records)
  return {
    records,
    figures: figuresOf(scaled, records),
    peakMemory,
    seconds: first && last ? (last.at - first.at) / 1_000 : Number.NaN
  }
}
