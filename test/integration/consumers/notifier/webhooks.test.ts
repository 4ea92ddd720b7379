import { randomBytes, randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../../../../cli/log.ts'
import {
  addSubscription,
  createNotifier,
  enableSubscription,
  listSubscriptions,
  postgresDeliveries,
  removeSubscription,
  retryDeliveries,
  rotateSecret
} from '../../../../consumers/notifier/index.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, testSchool } from '../school.ts'
import { endpointStage } from './endpoint-stage.ts'

const school = await testSchool()
const {
  box,
  database,
  deliveryOf,
  letTimePass,
  queue,
  receiver,
  shared,
  startDeliverer,
  state,
  subscribe,
  tried,
  webhooks
} = await endpointStage(school)

async function startNotifier() {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const notifier = createNotifier({
    connection: school.connection,
    topicPrefix: term.topicPrefix,
    catalogue,
    events: ['badge.awarded'],
    deliveries: postgresDeliveries(shared),
    commitIntervalMs: 100
  })
  onTestFinished(() => notifier.close())
  await notifier.start()
  return { term, notifier }
}

test('an event is delivered once to each who has subscribed, signed, however often Kafka delivers it', async () => {
  const [all, some, none] = [
    await subscribe(),
    await subscribe(['payload.reason=Ten quizzes']),
    await subscribe(['payload.reason!=Ten quizzes'])
  ]
  const { term, notifier } = await startNotifier()
  const deliverer = await startDeliverer()
  const award = badge(randomUUID(), 'Ten quizzes', { id: randomUUID(), aggregateId: randomUUID() })
  await term.publish(award, award, award)
  await notifier.whenCaughtUp()
  await eventually(() => deliverer.stats().delivered === 2, { what: 'both have it' })
  expect(notifier.stats()).toMatchObject({ handled: 3, deadLettered: 0 })
  expect([all.calls().length, some.calls().length, none.calls().length]).toEqual([1, 1, 0])
  const [call] = all.calls()
  expect(call?.id).toBe(award.id)
  expect(call?.body).toMatchObject({ type: 'badge.awarded', id: award.id, data: award.payload })
  expect([call?.signedWith(all.secret), call?.signedWith(some.secret)]).toEqual([true, false])
  // What was said is gone from the table.
  const { rows } = await database.query('SELECT FROM deliveries WHERE event_id = $1 AND content IS NOT NULL', [
    award.id
  ])
  expect(rows).toHaveLength(0)
})

test('a receiver that fails is tried as the table has it, each attempt is recorded, and can be sent again after the last', async () => {
  const endpoint = await subscribe()
  await startDeliverer()
  receiver.answer = (_, response) => response.writeHead(500).end('no')
  const [id] = await queue(endpoint.id)
  for (let times = 1; times < 8; times += 1) {
    const row = await tried(id, times)
    expect(row).toMatchObject({ state: 'pending', code: 'WEBHOOK_STATUS', status: 500, attempts: times })
    await letTimePass(12)
  }
  const failed = await state(id, 'failed')
  expect(failed?.tries).toHaveLength(8)
  expect(endpoint.calls().map(call => call.id)).toEqual(Array(8).fill(id))

  receiver.answer = (_, response) => response.writeHead(200).end()
  expect(await retryDeliveries(database, { filter: { subscription: endpoint.name } })).toMatchObject([{ count: 1 }])
  expect(await state(id, 'delivered')).toMatchObject({ attempts: 1, status: 200 })
  expect((await endpoint.now()).failingSince).toBeNull()
})

test('an endpoint that answers 410 is switched off; switched on again, it gets what has waited', async () => {
  const endpoint = await subscribe()
  const lines: string[] = []
  const log = createLogger({ level: 'warn', destination: { write: line => lines.push(line) } })
  receiver.answer = (_, response) => response.writeHead(410).end()
  const [first] = await queue(endpoint.id)
  const deliverer = await startDeliverer({ log })
  expect(await state(first, 'failed')).toMatchObject({ code: 'WEBHOOK_GONE', status: 410 })
  expect(await endpoint.now()).toMatchObject({ enabled: false, disabledCode: 'WEBHOOK_GONE' })
  expect(lines.join()).toContain('an endpoint was switched off')
  // No log has where an endpoint is.
  expect(lines.join()).not.toContain(receiver.url)

  receiver.answer = (_, response) => response.writeHead(200).end()
  const [second] = await queue(endpoint.id)
  // A round that finds nothing shows that it was passed over.
  const other = await subscribe()
  const [others] = await queue(other.id)
  await state(others, 'delivered')
  expect(await deliveryOf(second)).toMatchObject({ state: 'pending', attempts: 0 })
  const failed = await deliveryOf(first)
  expect(await retryDeliveries(database, { ids: [failed?.id as string] })).toEqual([
    { subscription: endpoint.name, count: 1, enabled: false, disabledCode: 'WEBHOOK_GONE' }
  ])
  await enableSubscription(database, endpoint.name, true)
  await Promise.all([state(first, 'delivered'), state(second, 'delivered')])
  expect(deliverer.stats()).toMatchObject({ delivered: 3, failed: 1 })
})

test('an endpoint that fails for five days is switched off, and one that succeeds in between is not', async () => {
  const [never, once] = [await subscribe(), await subscribe()]
  receiver.answer = (call, response) => response.writeHead(call.path === `/${once.name}` ? 204 : 503).end()
  await startDeliverer()
  const [first] = await queue(never.id)
  await tried(first, 1)
  await letTimePass(24 * 4)
  await tried(first, 2)
  expect((await never.now()).enabled).toBe(true)
  await letTimePass(24 * 1.1)
  await tried(first, 3)
  expect(await never.now()).toMatchObject({ enabled: false, disabledCode: 'WEBHOOK_FAILING' })
  const [fine] = await queue(once.id)
  await state(fine, 'delivered')
  expect(await once.now()).toMatchObject({ enabled: true, failingSince: null })
})

test('Retry-After holds back everything for the endpoint, and nothing for others', async () => {
  const [busy, free] = [await subscribe(), await subscribe()]
  receiver.answer = (call, response) =>
    call.path === `/${busy.name}`
      ? response.writeHead(429, { 'retry-after': '3600' }).end()
      : response.writeHead(204).end()
  await startDeliverer()
  const [first] = await queue(busy.id)
  await tried(first, 1)
  const [second] = await queue(busy.id)
  const [others] = await queue(free.id)
  await state(others, 'delivered')
  expect(busy.calls()).toHaveLength(1)
  await letTimePass(0.9)
  const [later] = await queue(free.id)
  await state(later, 'delivered')
  expect(busy.calls()).toHaveLength(1)
  receiver.answer = (_, response) => response.writeHead(204).end()
  await letTimePass(0.5)
  await Promise.all([state(first, 'delivered'), state(second, 'delivered')])
})

test('a secret is replaced: for a time both sign, then the new one alone', async () => {
  const endpoint = await subscribe()
  await startDeliverer()
  const next = await rotateSecret(database, await endpoint.now(), box, 3_600_000)
  const signed = async () => {
    const [id] = await queue(endpoint.id)
    await state(id, 'delivered')
    const call = endpoint.calls().at(-1)
    return [call?.signedWith(endpoint.secret), call?.signedWith(next)]
  }
  expect(await signed()).toEqual([true, true])
  await letTimePass(1.1)
  expect(await signed()).toEqual([false, true])
})

test('a secret that no key opens is no fault of the endpoint: its deliveries wait for the key', async () => {
  const endpoint = await subscribe()
  const [id] = await queue(endpoint.id)
  const wrong = await startDeliverer({ webhooks: { ...webhooks, key: randomBytes(32).toString('base64') } })
  expect(await tried(id, 1)).toMatchObject({ state: 'pending', code: 'SECRET_UNREADABLE', attempts: 0 })
  expect(endpoint.calls()).toHaveLength(0)
  expect(await endpoint.now()).toMatchObject({ enabled: true, failingSince: null })
  await wrong.close()
  await startDeliverer()
  await letTimePass(1)
  await state(id, 'delivered')
})

test('a name that leads inside is an attempt that failed, and nothing is connected', async () => {
  const endpoint = await subscribe()
  await database.query('UPDATE subscriptions SET target = $2 WHERE id = $1', [endpoint.id, 'http://hooks.example.org/'])
  const resolve = async () => [{ address: '169.254.169.254', family: 4 }]
  await startDeliverer({ webhooks: { ...webhooks, resolve } })
  const [id] = await queue(endpoint.id)
  expect(await tried(id, 1)).toMatchObject({ state: 'pending', code: 'TARGET_REFUSED', status: null, attempts: 1 })
})

test('a subscription that is removed gets nothing more, and its name is free again', async () => {
  const endpoint = await subscribe()
  const [id] = await queue(endpoint.id)
  await removeSubscription(database, endpoint.name)
  await startDeliverer()
  expect(await deliveryOf(id)).toMatchObject({ state: 'failed', code: 'SUBSCRIPTION_UNKNOWN' })
  expect((await listSubscriptions(database)).some(({ name }) => name === endpoint.name)).toBe(false)
  const secrets = 'SELECT sealed FROM subscription_secrets WHERE subscription_id = $1'
  expect((await database.query(secrets, [endpoint.id])).rows).toEqual([{ sealed: Buffer.alloc(0) }])
  const given = { name: endpoint.name, eventNames: ['badge.awarded'], conditions: [], channel: 'webhook' } as const
  const again = await addSubscription(database, { ...given, target: receiver.url }, box)
  expect(again.id).not.toBe(endpoint.id)
  await expect(addSubscription(database, { ...given, target: receiver.url }, box)).rejects.toMatchObject({
    code: 'SUBSCRIPTION_EXISTS'
  })
})
