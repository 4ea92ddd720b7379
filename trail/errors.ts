import { EventtrailError } from '../core/index.ts'
import type { RefusalCode } from './refusal-codes.ts'

export type SinkErrorCode =
  | 'TABLES_MISSING'
  | 'DATABASE_UNREACHABLE'
  | 'SCHEMA_CHANGED'
  | 'LEDGER_MISMATCH'
  | 'NOT_CAUGHT_UP'
  | 'SINK_CLOSED'
  | 'WRITE_STALLED'
  | 'OPTION_INVALID'
  | 'NO_SUCH_ENTRY'
  | 'NOT_RETRYABLE'
  | 'STORE_FAILED'
  | 'TABLE_REFUSES_ALL'

const retryableCodes: ReadonlySet<SinkErrorCode> = new Set([
  'DATABASE_UNREACHABLE',
  'NOT_CAUGHT_UP',
  'TABLE_REFUSES_ALL'
])

/** The sink cannot go on, or cannot do what was asked of it. */
export class SinkError extends EventtrailError<SinkErrorCode> {
  constructor(code: SinkErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: retryableCodes.has(code), cause })
  }
}

/** A bad record: its code, and a reason in words that repeats nothing of the record but the number or version of a schema. */
export interface Refusal {
  readonly code: RefusalCode
  readonly reason: string
  /** The envelope's id, where it could be read. */
  readonly eventId?: string
}

/** Thrown while a record is decoded and encoded; ends as a row of the quarantine, never as a crash. */
export class RefusedRecord extends Error {
  readonly refusal: Refusal
  constructor(code: RefusalCode, reason: string, eventId?: string) {
    super(reason)
    this.name = 'RefusedRecord'
    this.refusal = { code, reason, ...(eventId !== undefined && { eventId }) }
  }
}
