import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { loadCatalogue } from '../../../schemas/index.ts'
import { createSink } from '../../../sink/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { testTrail } from '../../support/trail.ts'

const folder = 'test/unit/schemas/fixtures/shop'
const trail = await testTrail({ catalogue: await loadCatalogue(folder) })
const order = (await loadCatalogue(folder)).version('order.placed')

const publish = (lines: readonly string[]) =>
  runCli(['publish', 'order.placed', '--schemas', folder, '--json'], trail.env, `${lines.join('\n')}\n`)

test('what the trail gives is taken by `eventtrail publish`, and stored as the same JSON', async () => {
  await trail.register(order)
  await trail.makeTopic('order.placed')
  await using sink = createSink(trail.sinkOptions)
  await sink.start()

  const whole = `{"order_id":"${randomUUID()}","note":"ä\\n\\u2028","items":[{"sku":"s","price":"12345678.90"},{"sku":"t","price":1,"parts":[{"sku":"u","price":2.50}]}],"status":"PAID","weight":1e20,"ratio":87.3,"total_ticks":9223372036854775807,"placed_at":"2026-09-01T10:00:00.123+02:00","due_on":"2026-11-26","coupon":"c","amount":9007199254740993,"contact":{"number":"1"},"labels":{"a":-9223372036854775808,"__proto__":1},"photo":"AP8=","hash":"AQIDBA=="}`
  const small = whole.replace('1e20', '1e-7').replace('"coupon":"c"', '"coupon":null').replace('9007199254740993', '7')
  const lines = [whole, small].map(payload => `{"aggregate_id":"${randomUUID()}","payload":${payload}}`)
  const first = await publish(lines)
  expect([first.stderr, first.code]).toEqual(['', 0])
  await sink.whenCaughtUp()
  const stored = (await trail.rows('SELECT payload::text AS json FROM event_envelopes ORDER BY json')).map(({ json }) =>
    String(json)
  )
  expect(stored.join('\n')).toMatch(/"weight": 100000000000000000000, /)
  expect(stored.join('\n')).toMatch(/"price": 12345678\.90[,}]/)
  expect(stored.join('\n')).toMatch(/"amount": 9007199254740993, /)
  expect(stored.join('\n')).toMatch(/"due_on": 20783, /)

  const again = await publish(stored.map(json => `{"aggregate_id":"${randomUUID()}","payload":${json}}`))
  expect([again.stderr, again.code]).toEqual(['', 0])
  await sink.whenCaughtUp()
  expect(
    await trail.rows('SELECT payload::text AS json, count(*)::int FROM event_envelopes GROUP BY 1 ORDER BY 1')
  ).toEqual(stored.map(json => ({ json, count: 2 })))
})

test('a day that no calendar has is refused, not stored as another', async () => {
  const line = JSON.stringify({
    aggregate_id: randomUUID(),
    payload: { due_on: '2026-02-30', placed_at: '2026-02-30T00:00:00Z' }
  })
  const { code, stderr } = await publish([line])
  expect(code).toBe(1)
  expect(stderr).toContain(
    '`placed_at` must be text such as "2026-09-01T08:00:00Z", or milliseconds since 1970-01-01 UTC'
  )
  expect(stderr).toContain('`due_on` must be text such as "2026-09-01", or days since 1970-01-01')
})
