import { describe, expect, test } from 'vitest'
import { conditionOf, holds } from '../../../../consumers/notifier/subscriptions/conditions.ts'
import {
  mailsSubscription,
  type Subscription,
  SubscriptionBook
} from '../../../../consumers/notifier/subscriptions/subscription.ts'

const envelope = {
  event_name: 'order.placed',
  aggregate_id: 'a1',
  payload: {
    product: 'shoes',
    total: '12.50',
    cents: 9_007_199_254_740_993n,
    size: 42.5,
    gift: true,
    note: null,
    at: { city: 'Rome' },
    tiny: 1e-7
  }
}

test.each([
  ['payload.product=shoes', true],
  ['payload.product=Shoes', false],
  ['payload.product!=boots', true],
  ['payload.product>=sho', true],
  ['payload.at.city=Rome', true],
  ['payload.gift=true', true],
  ['payload.total=12.5', true],
  ['payload.total>12.49', true],
  ['payload.total<12.500000000000000000001', true],
  ['payload.total>=-3', true],
  ['payload.cents>9007199254740992', true],
  ['payload.cents=9007199254740992', false],
  ['payload.size<=42.5', true],
  ['payload.tiny<0.000001', true],
  ['payload.tiny>0', true],
  ['payload.note=null', true],
  ['payload.note!=x', true],
  ['payload.note<x', false],
  ['payload.none=null', true],
  ['payload.none>=0', false],
  // What every object has is no field.
  ['payload.constructor=null', true],
  ['payload.product.length>1', false],
  ['aggregate_id=a1', true],
  ['payload.product=', false],
  ['payload.product=a=b', false]
])('%s: %s', (text, expected) => {
  expect(holds(conditionOf(text), envelope)).toBe(expected)
})

test.each(['', 'payload.total', '=3', 'payload total=3', '1=1', 'payload.a~b'])('%j is no condition', text => {
  expect(() => conditionOf(text)).toThrow(/^expected a field/)
})

describe('whom an event is for', () => {
  const subscription = (name: string, facts: Partial<Subscription> = {}): Subscription => ({
    id: name,
    name,
    eventNames: ['order.placed'],
    conditions: [],
    channel: 'webhook',
    target: 'https://example.org',
    sinceMs: 1_000,
    enabled: true,
    disabledCode: null,
    failingSince: null,
    ...facts
  })
  const book = new SubscriptionBook([
    subscription('all'),
    subscription('shoes', { conditions: ['payload.product=shoes', 'payload.size>42'] }),
    subscription('boots', { conditions: ['payload.product=boots'] }),
    subscription('later', { sinceMs: 3_000 }),
    subscription('off', { enabled: false }),
    subscription('paid', { eventNames: ['order.paid'] })
  ])
  const names = (writtenMs: number) => book.of(envelope as never, writtenMs).map(({ name }) => name)

  test('those whose names and conditions fit, and who had subscribed by then', () => {
    expect(names(2_000)).toEqual(['all', 'shoes'])
    expect(names(3_000)).toEqual(['all', 'shoes', 'later'])
    expect(names(999)).toEqual([])
  })

  test('mails whose rules name the recipient are a subscription that can be switched off', () => {
    expect(book.mails).toBe(false)
    expect(new SubscriptionBook([subscription('mails', { id: mailsSubscription, eventNames: [] })]).mails).toBe(true)
  })
})
