/**
 * What to do about an error that came while a batch was written:
 * `duplicate` look for ids that stand already · `row` find the rows, and quarantine those that are to blame ·
 * `server` the same batch again, with back-off: no row is to blame · `defect` stop: we have counted wrongly ·
 * `unknown` the same batch again, and when it goes on, look for the record on which it fails.
 */
export type Verdict = 'duplicate' | 'row' | 'server' | 'defect' | 'unknown'

interface DatabaseErrorFacts {
  readonly code?: unknown
  readonly table?: unknown
  readonly constraint?: unknown
}

type Judgement = Verdict | ((facts: DatabaseErrorFacts) => Verdict)

const onTrail =
  (inTrail: Verdict, elsewhere: Verdict): ((facts: DatabaseErrorFacts) => Verdict) =>
  ({ table }) =>
    typeof table === 'string' && table.startsWith('event_envelopes') ? inTrail : elsewhere

/** Unique indexes of our own on the trail: the primary keys of the table and its partitions. */
const ourKeys = /^event_envelopes(?:_default|_\d{4,}_\d{2})?_pkey\d*$/

/** Another unique index than the primary key was put on the trail by somebody else. */
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

/**
 * SQLSTATEs (PostgreSQL, Appendix A), the whole code before its class. What is not here is `unknown`. Only what is
 * certainly the row's fault is `row`; what may hit any row, whatever it holds, is `server`.
 */
const judgements: Readonly<Record<string, Judgement>> = {
  '08': 'server', // connection
  '0A': 'server', // feature not supported: another Postgres than ours
  '22': 'row', // data
  '22P03': 'unknown', // binary COPY that is not well-formed: the encoder's fault, brought about by a record or by all
  '22P04': 'unknown',
  '23001': onTrail('row', 'unknown'), // constraints that somebody put on the trail
  '23502': onTrail('row', 'unknown'),
  '23503': onTrail('row', 'unknown'),
  '23505': unique,
  '23514': ({ constraint }) =>
    typeof constraint !== 'string' ? 'unknown' : ourConstraints.has(constraint) ? 'defect' : 'row',
  '23P01': onTrail('row', 'unknown'),
  '25': 'server', // state of the transaction; read-only
  '26': 'server', // a prepared statement that a pooler has lost
  '28': 'server', // login
  '3B': 'server', // savepoints
  '3D': 'server', // no such database
  '3F': 'server', // no such schema
  '40': 'server', // deadlock, serialization
  '42': 'server', // a table, a column or a right that is not there
  '53': 'server', // disk, memory, connections
  '54000': 'row', // larger than Postgres can hold
  '54001': 'row',
  '55': 'server', // locks, an object that is not ready
  '57': 'server', // shutdown, cancelled, crashed
  '58': 'server', // the machine: files, input and output
  F0: 'server', // configuration file
  XX001: 'server', // a damaged table
  XX002: 'server' // a damaged index
}

// Each has a digit; EPIPE has none.
const sqlState = /^(?=.*\d)[0-9A-Z]{5}$/

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
  const facts = (typeof error === 'object' && error !== null ? error : {}) as DatabaseErrorFacts
  const { code } = facts
  if (typeof code !== 'string' || !sqlState.test(code)) return 'server'
  const found = Object.hasOwn(judgements, code) ? judgements[code] : judgements[code.slice(0, 2)]
  return typeof found === 'function' ? found(facts) : (found ?? 'unknown')
}

/** What an error is called where nothing of a row may be said: its SQLSTATE, or the kind of a program's fault. */
export function faultName(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error ? String(error.code) : error.name
}

/** Internal errors of Postgres (class XX) and faults of the program say nothing of who brought them about. */
export const isUnexplained = (error: unknown): boolean => isProgramFault(error) || faultName(error).startsWith('XX')

/** A constraint (class 23), an index that reports its name, and a trigger that leaves rows out stand on the table. */
export const isOfTable = (error: unknown): boolean =>
  error instanceof RowsLeftOut ||
  faultName(error).startsWith('23') ||
  (typeof error === 'object' && error !== null && 'constraint' in error && typeof error.constraint === 'string')
