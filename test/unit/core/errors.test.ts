import fc from 'fast-check'
import { DatabaseError } from 'pg'
import { describe, expect, it } from 'vitest'
import { createLogger } from '../../../cli/log.ts'
import { ConfigError, describeError, EventtrailError, safeError, UsageError } from '../../../core/errors.ts'

/** As Postgres sends it: the row's values are in message, detail and where. */
function databaseError(secret: string): Error {
  return Object.assign(new DatabaseError(`invalid input syntax: "${secret}"`, 100, 'error'), {
    severity: 'ERROR',
    code: '22P02',
    detail: `Failing row contains (${secret}).`,
    hint: secret,
    where: `COPY event_envelopes, line 1, column payload: "${secret}"`,
    internalQuery: secret,
    table: 'event_envelopes',
    constraint: 'event_envelopes_pkey',
    routine: 'pg_strtouint32'
  })
}

const canary = 'ada.lovelace@example.org'

describe('what is said about an error', () => {
  it('is of a database error its names alone, however deep it is', () => {
    const error = databaseError(canary)
    expect(safeError(error)).toEqual({
      type: 'DatabaseError',
      code: '22P02',
      table: 'event_envelopes',
      constraint: 'event_envelopes_pkey'
    })
    const wrapped = new EventtrailError('it was not stored', {
      code: 'X',
      retryable: true,
      cause: new Error('so', { cause: error })
    })
    expect(JSON.stringify(safeError(wrapped))).not.toContain(canary)
    expect(describeError(wrapped)).not.toContain(canary)
    expect(describeError(wrapped)).toContain('22P02')
  })

  it('ends with the right that is missing: what the client says of it adds nothing', () => {
    const cause = new Error('Topic creation errors')
    const denied = new EventtrailError('grant CREATE on topic t', { code: 'NOT_AUTHORIZED', retryable: true, cause })
    expect(describeError(denied)).toBe('grant CREATE on topic t')
    expect(describeError(new Error('not started', { cause: denied }))).toBe('not started: grant CREATE on topic t')
  })

  it('is a sentence where the code says what is wrong with the server, and still no word of Postgres', () => {
    const error = Object.assign(databaseError(canary), { code: '25006', table: undefined, constraint: undefined })
    expect(describeError(error)).toBe(
      'Postgres is read-only (25006): it is a standby, or default_transaction_read_only is on'
    )
    expect(describeError(new Error('it was not stored', { cause: error }))).toMatch(
      /^it was not stored: Postgres is read-only/
    )
  })

  it('is the same in the log', () => {
    const lines: string[] = []
    const log = createLogger({ destination: { write: line => lines.push(line) } })
    log.error({ err: new Error('failed', { cause: databaseError(canary) }) }, 'a batch failed')
    log.child({ part: 'sink' }).warn({ err: databaseError(canary) }, 'a batch failed')
    expect(lines).toHaveLength(2)
    expect(lines.join()).toContain('22P02')
    expect(lines.join()).not.toContain(canary)
  })

  it('never fails and never says what was thrown when that is no error', () => {
    fc.assert(
      fc.property(fc.anything(), thrown => {
        expect(safeError(thrown)).toEqual({ type: typeof thrown })
        expect(describeError(thrown)).toBe(typeof thrown)
      })
    )
  })

  it('follows a chain of causes to its end, even where that bites its own tail', () => {
    const error = new Error('round')
    error.cause = error
    expect(safeError(error).cause?.cause?.cause?.cause).toBeUndefined()
    expect(describeError(error)).toBe('round')
  })

  it('says each thing once', () => {
    const cause = new Error('connect ECONNREFUSED 127.0.0.1:1')
    const error = new EventtrailError('Postgres is unreachable', {
      code: 'POSTGRES_UNAVAILABLE',
      retryable: true,
      cause
    })
    expect(describeError(error)).toBe('Postgres is unreachable: connect ECONNREFUSED 127.0.0.1:1')
    expect(describeError(new Error(`${cause.message}, again`, { cause }))).toBe(`${cause.message}, again`)
  })
})

describe('an error of this package', () => {
  it('carries its class as name, its code, and no cause where there is none', () => {
    const error = new ConfigError('CONFIG_MISSING', 'not set')
    expect(error).toMatchObject({ name: 'ConfigError', code: 'CONFIG_MISSING', retryable: false })
    expect('cause' in error).toBe(false)
    expect(new UsageError('wrong')).toMatchObject({ name: 'UsageError', code: 'USAGE' })
  })
})
