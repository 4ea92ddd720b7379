import { type SqlStateKind, sqlStateKind, sqlStateOf } from '../core/index.ts'

/**
 * What to do about an error that came while a batch was written:
 * `duplicate` look for ids that are stored already · `row` find the rows, and quarantine those that are to blame ·
 * `server` the same batch again, with back-off: no row is to blame · `defect` stop: we have counted wrongly ·
 * `unknown` the same batch again, and when it fails again, look for the record on which it fails.
 */
export type Verdict = 'duplicate' | 'row' | 'server' | 'defect' | 'unknown'

interface DatabaseErrorFacts {
  readonly table?: unknown
  readonly constraint?: unknown
}

type Judgement = (facts: DatabaseErrorFacts) => Verdict

const onTrail =
  (inTrail: Verdict, elsewhere: Verdict): ((facts: DatabaseErrorFacts) => Verdict) =>
  ({ table }) =>
    typeof table === 'string' && table.startsWith('event_envelopes') ? inTrail : elsewhere

/** Unique indexes of our own on the trail: the primary keys of the table and its partitions. */
const ourKeys = /^event_envelopes(?:_default|_\d{4,}_\d{2})?_pkey\d*$/

/** Another unique index than the primary key was added to the table by someone else. */
const unique: Judgement = facts =>
  typeof facts.constraint === 'string' && !ourKeys.test(facts.constraint)
    ? onTrail('row', 'defect')(facts)
    : onTrail('duplicate', 'defect')(facts)

/** COPY took fewer rows than it was given, without an error: a trigger left them out. */
export class RowsLeftOut extends Error {
  readonly code = 'ROWS_LEFT_OUT'
  constructor(taken: number, given: number) {
    super(`COPY took ${taken} rows of ${given}: a trigger left the others out`)
    this.name = 'RowsLeftOut'
  }
}

/** Constraints of our own whose breach means that we counted wrongly. */
const ourConstraints = new Set(['sink_ledger_adds_up'])

/** Only what is certainly the row's fault is `row`; what may hit any row, whatever it holds, is `server`. */
const verdicts: Readonly<Record<SqlStateKind, Verdict>> = {
  server: 'server',
  'read-only': 'server',
  machine: 'server',
  login: 'server',
  session: 'server',
  schema: 'server',
  values: 'row',
  constraint: 'unknown',
  format: 'unknown', // the encoder's fault, caused by one record or by all
  limit: 'unknown',
  unknown: 'unknown'
}

/** Constraints: our own, and those that others added to the table. */
const constraints: Readonly<Record<string, Judgement>> = {
  '23001': onTrail('row', 'unknown'),
  '23502': onTrail('row', 'unknown'),
  '23503': onTrail('row', 'unknown'),
  '23505': unique,
  '23514': ({ constraint }) =>
    typeof constraint !== 'string' ? 'unknown' : ourConstraints.has(constraint) ? 'defect' : 'row',
  '23P01': onTrail('row', 'unknown')
}

/** A fault of the program, or of what the runtime can hold. */
export function isProgramFault(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) return true
  // A text of more than 2^29 letters: an Error of no class of its own.
  return error instanceof Error && 'code' in error && error.code === 'ERR_STRING_TOO_LONG'
}

/** Judges an error by its SQLSTATE; one without is `server` (a socket) unless the program itself failed. Never throws. */
export function classify(error: unknown): Verdict {
  if (isProgramFault(error)) return 'unknown'
  if (error instanceof RowsLeftOut) return 'row'
  const code = sqlStateOf(error)
  if (code === undefined) return 'server'
  const constraint = Object.hasOwn(constraints, code) ? constraints[code] : undefined
  return constraint?.(error as DatabaseErrorFacts) ?? verdicts[sqlStateKind(code)]
}

/** What an error is called where nothing of a row may be said: its SQLSTATE, or the kind of a program's fault. */
export function faultName(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error ? String(error.code) : error.name
}

/** Internal errors of Postgres (class XX) and faults of the program do not say what caused them. */
export const isUnexplained = (error: unknown): boolean => isProgramFault(error) || faultName(error).startsWith('XX')

/** A constraint (class 23), an index that reports its name, and a trigger that leaves rows out are on the table. */
export const isOfTable = (error: unknown): boolean =>
  error instanceof RowsLeftOut ||
  faultName(error).startsWith('23') ||
  (typeof error === 'object' && error !== null && 'constraint' in error && typeof error.constraint === 'string')
