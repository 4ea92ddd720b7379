import { describe, expect, it } from 'vitest'
import type { LineEvent } from '../../../../cli/publish/line-event.ts'
import { checkIdentity, inFlags } from '../../../../cli/publish/line-words.ts'
import { OptionsError } from '../../../../core/index.ts'

const good = { aggregateId: '0190f8a0-0000-7000-8000-000000000001', payload: {}, options: {} }
const year = (text: string): bigint => BigInt(Date.parse(text)) * 1_000n

describe('a fault of a line', () => {
  it.each<[Partial<LineEvent>, string]>([
    [{ aggregateId: 'secret' }, 'has an `aggregate_id` that is not a UUID'],
    [{ options: { id: 'secret' } }, 'has an `id` that is not a UUID'],
    [{ options: { id: '0190F8A0-0000-4000-8000-000000000001' } }, 'not of version 7, and no `occurred_at`'],
    [{ options: { id: 'ffffffff-ffff-7000-8000-000000000001' } }, 'has an `id` of version 7 whose time is past 9999'],
    [{ options: { occurredAt: year('1492-01-01') } }, 'has an `occurred_at` that is not between 1970 and 9999'],
    [{ options: { occurredAt: year('9999-12-31') * 2n } }, 'has an `occurred_at` that is not between 1970 and 9999']
  ])('is named by the key of the line: %o', (wrong, words) => {
    expect(() => checkIdentity({ ...good, ...wrong })).toThrow(words)
  })

  it('is none where there is none', () => {
    checkIdentity(good)
    checkIdentity({ ...good, options: { id: good.aggregateId.toUpperCase() } })
    checkIdentity({ ...good, options: { id: '0190f8a0-0000-4000-8000-000000000001', occurredAt: year('1970-01-01') } })
  })
})

describe('what the producer says', () => {
  it('names flags where a program has options', () => {
    expect(inFlags(new OptionsError('topicPrefix', 'short', 'x'))).toBe('Expected `--prefix` to be short, got "x"')
    expect(inFlags(new Error('Check `topicPrefix`'))).toBe('Check `--prefix`')
  })
})
