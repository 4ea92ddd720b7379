/**
 * What to do about an error that came while a batch was written:
 * `duplicate` look for ids that stand already · `data` find the row and quarantine it ·
 * `infrastructure` the same batch again, with back-off · `defect` stop: no retry will help and no row is to blame.
 */
export type Verdict = 'duplicate' | 'data' | 'infrastructure' | 'defect'

interface DatabaseErrorFacts {
  readonly code?: unknown
  readonly table?: unknown
  readonly constraint?: unknown
}

/** Constraints of our own whose breach means that we counted wrongly. */
const ourConstraints = new Set(['sink_ledger_adds_up'])
/** Binary COPY that is not well-formed: the encoder's fault and no row's. */
const malformedCopy = new Set(['22P03', '22P04'])

/**
 * Judges an error by its SQLSTATE (PostgreSQL, Appendix A). Only what is certainly the row's fault counts as data;
 * everything unknown is treated as trouble of the infrastructure, for which no row may be blamed. Never throws.
 */
export function classify(error: unknown): Verdict {
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) return 'defect'
  const { code, table, constraint } = (typeof error === 'object' && error !== null ? error : {}) as DatabaseErrorFacts
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return 'infrastructure'
  if (code === '23505') return isTrailPartition(table) ? 'duplicate' : 'defect'
  if (code === '23514' && typeof constraint === 'string') return ourConstraints.has(constraint) ? 'defect' : 'data'
  if (code === '23502' && isTrailPartition(table)) return 'data'
  if (malformedCopy.has(code)) return 'defect'
  if (code.startsWith('22') || code === '54000' || code === '54001') return 'data'
  return 'infrastructure'
}

function isTrailPartition(table: unknown): boolean {
  return typeof table === 'string' && table.startsWith('event_envelopes')
}
