import { type ErrorCodes, EventtrailError } from '../core/index.ts'

export const trailErrorCodes = {
  SCHEMA_CHANGED: {
    meaning:
      'The registry gives another schema under a number that the trail has seen. `eventtrail doctor` shows the partitions that halted for it.'
  },
  LEDGER_MISMATCH: {
    meaning: 'Rows and ledger do not add up; nothing was committed. Please report it: this is a bug.'
  },
  TABLE_REFUSES_ALL: {
    retryable: true,
    meaning:
      'A trigger, constraint or index on the table refuses every event of a name. The message names it; the events wait until it is changed.'
  },
  STORE_FAILED: {
    meaning:
      'The trail refuses an event for good: a value that Postgres cannot hold, or an id that is stored with other content.'
  },
  REQUEST_INVALID: {
    misconfigured: true,
    meaning:
      'What was asked for does not fit what the trail has: a group, topic, partition or offset that it does not know, or a state that does not allow it.'
  },
  QUESTION_INVALID: {
    misconfigured: true,
    meaning:
      'A question to the trail cannot be asked as it is written: the message names the part, never its value, and says how to write it.'
  },
  QUESTION_TOO_WIDE: {
    misconfigured: true,
    meaning:
      'A question to the trail takes too long, or finds more events than can be sorted at once. Narrow the time, or build the indexes with `eventtrail migrate --search`.'
  },
  NO_SUCH_ENTRY: {
    misconfigured: true,
    meaning: 'The quarantine has no such entry, or it is resolved. `eventtrail quarantine list` lists the entries.'
  },
  NOT_RETRYABLE: {
    meaning: 'An entry of the quarantine can never become a row. Publish the event again, then discard the entry.'
  },
  PROOF_KEY_MISSING: {
    misconfigured: true,
    meaning:
      'The trail is proved, and what changes it signs what it does: it needs the file of a key (`PROOF_KEY_FILE`, `--proof-key`). Nothing was changed.'
  },
  PROOF_KEY_REFUSED: {
    misconfigured: true,
    meaning:
      'The trail does not take entries of this key: it was not added, was revoked, or has another role. The message says which. Nothing was changed.'
  }
} as const satisfies ErrorCodes
export type TrailErrorCode = keyof typeof trailErrorCodes

/** The trail in Postgres cannot do what was asked of it. */
export class TrailError extends EventtrailError<TrailErrorCode> {
  constructor(code: TrailErrorCode, message: string, cause?: unknown) {
    super(message, { code, ...trailErrorCodes[code], cause })
  }
}

/** Why a record cannot become a row of the trail. */
export const recordFaultCodes = [
  'BATCH_UNREADABLE',
  'BATCH_TOO_LARGE',
  'NULL_VALUE',
  'NULL_KEY',
  'NOT_WIRE_FORMAT',
  'SCHEMA_UNKNOWN',
  'SCHEMA_NOT_OF_SUBJECT',
  'SCHEMA_UNUSABLE',
  'NOT_AN_ENVELOPE',
  'DECODE_FAILED',
  'ID_INVALID',
  'AGGREGATE_ID_INVALID',
  'OCCURRED_AT_OUT_OF_RANGE',
  'EVENT_NAME_MISMATCH',
  'SCHEMA_VERSION_MISMATCH',
  'NUMBER_NOT_FINITE',
  'RECORD_TOO_LARGE',
  'NESTED_TOO_DEEP',
  'CONFLICT',
  'POSTGRES_REFUSED',
  'TABLE_REFUSED',
  'UNKEEPABLE',
  'WRITE_FAILED'
] as const
export type RecordFaultCode = (typeof recordFaultCodes)[number]

/** A bad record: its code, and a reason in words that repeats nothing of the record but the number or version of a schema. */
export interface RecordFault {
  readonly code: RecordFaultCode
  readonly reason: string
  /** The envelope's id, where it could be read. */
  readonly eventId?: string
}

/** Thrown while a record is decoded and encoded; ends as a row of the quarantine, never as a crash. */
export class BadRecordError extends Error {
  readonly fault: RecordFault
  constructor(code: RecordFaultCode, reason: string, eventId?: string) {
    super(reason)
    this.name = 'BadRecordError'
    this.fault = { code, reason, ...(eventId !== undefined && { eventId }) }
  }
}
