import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { jsonOf, webhookBody } from '../../../../consumers/notifier/webhooks/body.ts'
import { keyOfSecret, newSecret, signedHeaders } from '../../../../consumers/notifier/webhooks/signature.ts'

const body = '{"type":"order.placed","data":{"product":"shoes – größe 42"}}'
const id = '01934567-89ab-7def-8000-000000000001'
const keys = (...secrets: string[]) => secrets.map(secret => keyOfSecret(secret) as Buffer)
const now = () => Math.floor(Date.now() / 1_000)

test('an independent library verifies what is signed, and nothing that was changed', () => {
  const secret = newSecret()
  const timestamp = now()
  const headers = signedHeaders({ id, timestamp, body }, keys(secret))
  const receiver = new Webhook(secret)
  expect(receiver.verify(body, headers)).toEqual(JSON.parse(body))
  expect(() => receiver.verify(body.replace('shoes', 'boots'), headers)).toThrow()
  expect(() => receiver.verify(body, { ...headers, 'webhook-id': 'another' })).toThrow()
  expect(() => receiver.verify(body, { ...headers, 'webhook-timestamp': String(timestamp - 1) })).toThrow()
  expect(() => new Webhook(newSecret()).verify(body, headers)).toThrow()
  // One that was sent long ago is refused: each attempt is signed by itself.
  expect(() => receiver.verify(body, signedHeaders({ id, timestamp: now() - 3_600, body }, keys(secret)))).toThrow()
})

test('while a secret is replaced, both verify', () => {
  const [before, after] = [newSecret(), newSecret()]
  const headers = signedHeaders({ id, timestamp: now(), body }, keys(after, before))
  for (const secret of [before, after]) expect(new Webhook(secret).verify(body, headers)).toBeDefined()
})

test.each([
  '',
  'whsec_',
  'whsec_c2hvcnQ=',
  'secret',
  `whsec_${'A'.repeat(200)}`,
  'whsec_ü'
])('%j is no secret', text => {
  expect(keyOfSecret(text)).toBeUndefined()
})

test('the body has the event as Standard Webhooks has it, with every digit', () => {
  const envelope = {
    id,
    event_name: 'order.placed',
    aggregate_id: '01934567-89ab-7def-8000-000000000002',
    occurred_at: 1_756_713_600_123_456n,
    schema_version: 2,
    payload: {
      total: '12.50',
      cents: 9_007_199_254_740_993n,
      photo: Buffer.from('bytes'),
      none: null,
      some: [1.5, true]
    }
  }
  expect(webhookBody(envelope as never)).toBe(
    '{"type":"order.placed","timestamp":"2025-09-01T08:00:00.123Z","id":"01934567-89ab-7def-8000-000000000001",' +
      '"aggregate_id":"01934567-89ab-7def-8000-000000000002","schema_version":2,' +
      '"data":{"total":"12.50","cents":9007199254740993,"photo":"Ynl0ZXM=","none":null,"some":[1.5,true]}}'
  )
  expect(jsonOf({ inner: new Uint8Array([1, 2]) })).toBe('{"inner":"AQI="}')
})
