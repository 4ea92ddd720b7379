import { expect, test } from 'vitest'
import { createLogger } from '../../../../cli/log.ts'
import { postgresDeliveries } from '../../../../consumers/notifier/index.ts'
import { PostgresError } from '../../../../postgres/index.ts'
import { eventually, testEnvironment } from '../../../support/stack.ts'
import { endpointStage } from './endpoint-stage.ts'

const { database, deliveryOf, queue, receiver, shared, startDeliverer, state, subscribe, tried } = await endpointStage(
  await testEnvironment()
)
const dayMs = 24 * 3_600_000

/** As if they had come to their end so long ago. */
const age = (days: number, eventIds: readonly string[]) =>
  database.query("UPDATE deliveries SET finished_at = now() - $1 * interval '1 day' WHERE event_id = ANY($2)", [
    days,
    eventIds
  ])

test('a deliverer removes what came to its end long ago, with its attempts, and nothing that waits', async () => {
  const endpoint = await subscribe()
  receiver.answer = (call, response) => response.writeHead(call.id === failing ? 410 : 204).end()
  const [old = '', young = ''] = await queue(endpoint.id, 2)
  const [failing = ''] = await queue((await subscribe()).id)
  const deliverer = await startDeliverer()
  await Promise.all([state(old, 'delivered'), state(young, 'delivered'), state(failing, 'failed')])
  await deliverer.close()
  await age(61, [old, failing])
  await age(59, [young])
  receiver.answer = (_, response) => response.writeHead(500).end()
  const [waiting = ''] = await queue(endpoint.id)
  await startDeliverer()
  await tried(waiting, 1)
  const found = async () =>
    await Promise.all([old, failing, young, waiting].map(async id => (await deliveryOf(id))?.state))
  await eventually(async () => (await found())[0] === undefined, { what: 'the old ones are gone' })
  expect(await found()).toEqual([undefined, undefined, 'delivered', 'pending'])
  const { rows } = await database.query('SELECT count(*)::int AS attempts FROM delivery_attempts')
  expect(rows).toEqual([{ attempts: 2 }])
})

test('a table of many pages is walked in steps', async () => {
  const endpoint = await subscribe()
  await database.query(
    // About four rows a page.
    `INSERT INTO deliveries (event_id, subscription_id, state, finished_at, content)
    SELECT gen_random_uuid(), $1, 'failed', now() - n * interval '1 day', string_agg(md5(n || '.' || part), '')
    FROM generate_series(1, 500) n, generate_series(1, 55) part GROUP BY n`,
    [endpoint.id]
  )
  const deliveries = postgresDeliveries(shared)
  const left = async () =>
    (await database.query('SELECT FROM deliveries WHERE subscription_id = $1', [endpoint.id])).rowCount
  let steps = 0
  for (; (await left()) !== 90; steps += 1) await deliveries.prune(90.5 * dayMs)
  expect(steps).toBeGreaterThan(1)
})

test('a role that may not remove anything is warned of once, and sends nevertheless', async () => {
  const endpoint = await subscribe()
  const lines: string[] = []
  const log = createLogger({ level: 'warn', destination: { write: line => lines.push(line) } })
  const refused = new PostgresError('POSTGRES_DENIED', 'permission denied for table deliveries')
  const deliveries = { ...postgresDeliveries(shared), prune: () => Promise.reject(refused) }
  await startDeliverer({ deliveries, log })
  const [id] = await queue(endpoint.id)
  await state(id, 'delivered')
  expect(lines.filter(line => line.includes('old deliveries cannot be removed'))).toHaveLength(1)
})
