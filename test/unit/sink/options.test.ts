import { describe, expect, it } from 'vitest'
import { resolveOptions } from '../../../sink/options.ts'

const needed = {
  connection: {
    kafka: { brokers: ['127.0.0.1:9092'] },
    registry: { url: 'http://127.0.0.1:8081' },
    postgres: { url: 'postgres://127.0.0.1/trail' }
  }
}

describe('the options of a sink', () => {
  it('are filled in and frozen', () => {
    const options = resolveOptions(needed)
    expect(options).toMatchObject({
      ...needed,
      group: 'sink',
      topicPrefix: '',
      batch: { maxRecords: 10_000, maxBytes: 4 * 1024 * 1024, lingerMs: 5 },
      connections: 2,
      breakerRecords: 1_000
    })
    expect(Object.isFrozen(options)).toBe(true)
  })

  it('put the prefix before the group', () => {
    expect(resolveOptions({ ...needed, topicPrefix: 'test.' }).group).toBe('test.sink')
    expect(resolveOptions({ ...needed, topicPrefix: 'test.', group: 'audit' }).group).toBe('test.audit')
  })

  it.each([
    [{ batch: { maxRecords: 0 } }, 'batch.maxRecords'],
    [{ batch: { maxRecords: Number.NaN } }, 'batch.maxRecords'],
    [{ batch: { maxBytes: -1 } }, 'batch.maxBytes'],
    [{ batch: { lingerMs: -1 } }, 'batch.lingerMs'],
    [{ connections: 0 }, 'connections'],
    [{ connections: 1.5 }, 'connections'],
    [{ connections: 101 }, '`connections` to be a whole number from 1 to 100'],
    [{ sessionTimeoutMs: 999 }, 'sessionTimeoutMs'],
    [{ topicRefreshMs: 0 }, 'topicRefreshMs'],
    [{ blockedAfterMs: 0 }, 'blockedAfterMs'],
    [{ batch: { lingerMs: 2 ** 31 } }, 'batch.lingerMs` to be a whole number of ms from 0 to 2147483647'],
    [{ sessionTimeoutMs: 2 ** 31 }, 'sessionTimeoutMs` to be a whole number of ms'],
    [{ topicRefreshMs: 2 ** 31 }, 'topicRefreshMs` to be a whole number of ms'],
    [{ blockedAfterMs: 2 ** 31 }, 'blockedAfterMs` to be a whole number of ms'],
    [{ breakerRecords: -1 }, 'breakerRecords'],
    [{ monthsAhead: -1 }, 'monthsAhead'],
    [{ topicPrefix: 'x y' }, 'topicPrefix'],
    [{ topicPrefix: 'x'.repeat(101) }, 'topicPrefix'],
    [{ group: 'a b' }, 'group'],
    [{ group: '' }, 'group'],
    [{ batch: { lingerMs: 10_000 } }, 'less than `sessionTimeoutMs`']
  ])('are refused when they make no sense: %j', (wrong, words) => {
    expect(() => resolveOptions({ ...needed, ...wrong })).toThrow(
      expect.objectContaining({ code: 'OPTIONS_INVALID', message: expect.stringContaining(words) })
    )
  })

  it('that are undefined count as not given', () => {
    expect(resolveOptions({ ...needed, batch: undefined as unknown as object }).batch.maxRecords).toBe(10_000)
    expect(resolveOptions({ ...needed, monthsAhead: undefined as unknown as number }).monthsAhead).toBe(3)
  })
})
