import { describe, expect, it } from 'vitest'
import { resolveOptions } from '../../../sink/options.ts'

const needed = {
  brokers: ['127.0.0.1:9092'],
  registryUrl: 'http://127.0.0.1:8081',
  databaseUrl: 'postgres://127.0.0.1/trail'
}

describe('the options of a sink', () => {
  it('are filled in and frozen', () => {
    const options = resolveOptions(needed)
    expect(options).toMatchObject({
      ...needed,
      group: 'sink',
      topicPrefix: '',
      maxRows: 10_000,
      lingerMs: 5,
      lanes: 2,
      breakerRecords: 1_000
    })
    expect(Object.isFrozen(options)).toBe(true)
  })

  it('put the prefix before the group', () => {
    expect(resolveOptions({ ...needed, topicPrefix: 'test.' }).group).toBe('test.sink')
    expect(resolveOptions({ ...needed, topicPrefix: 'test.', group: 'audit' }).group).toBe('test.audit')
  })

  it.each([
    [{ brokers: [] }, 'brokers'],
    [{ maxRows: 0 }, 'maxRows'],
    [{ maxRows: Number.NaN }, 'maxRows'],
    [{ maxBytes: -1 }, 'maxBytes'],
    [{ lingerMs: -1 }, 'lingerMs'],
    [{ lanes: 0 }, 'lanes'],
    [{ lanes: 1.5 }, 'lanes'],
    [{ lanes: 101 }, '`lanes` to be a whole number from 1 to 100'],
    [{ sessionTimeoutMs: 999 }, 'sessionTimeoutMs'],
    [{ topicRefreshMs: 0 }, 'topicRefreshMs'],
    [{ blockedAfterMs: 0 }, 'blockedAfterMs'],
    [{ lingerMs: 2 ** 31 }, 'lingerMs` to be a whole number of ms from 0 to 2147483647'],
    [{ sessionTimeoutMs: 2 ** 31 }, 'sessionTimeoutMs` to be a whole number of ms'],
    [{ topicRefreshMs: 2 ** 31 }, 'topicRefreshMs` to be a whole number of ms'],
    [{ blockedAfterMs: 2 ** 31 }, 'blockedAfterMs` to be a whole number of ms'],
    [{ brokers: ['host'] }, '`brokers` to be host:port'],
    [{ registryUrl: 'http://u:p#x@host' }, '`registryUrl` to be a URL'],
    [{ databaseUrl: 'postgres://host/db?channel_binding=require' }, '`databaseUrl` to be'],
    [{ breakerRecords: -1 }, 'breakerRecords'],
    [{ monthsAhead: -1 }, 'monthsAhead'],
    [{ topicPrefix: 'x y' }, 'topicPrefix'],
    [{ topicPrefix: 'x'.repeat(101) }, 'topicPrefix'],
    [{ group: 'a b' }, 'group'],
    [{ group: '' }, 'group'],
    [{ lingerMs: 10_000 }, 'less than `sessionTimeoutMs`']
  ])('are refused when they make no sense: %j', (wrong, words) => {
    expect(() => resolveOptions({ ...needed, ...wrong })).toThrow(
      expect.objectContaining({ code: 'OPTIONS_INVALID', message: expect.stringContaining(words) })
    )
  })

  it('that are undefined count as not given', () => {
    expect(resolveOptions({ ...needed, maxRows: undefined as unknown as number }).maxRows).toBe(10_000)
  })
})
