import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { startTold } from '../../../support/processes/status.ts'
import { eventually, testEnvironment } from '../../../support/stack.ts'
import { endpointStage } from './endpoint-stage.ts'

const environment = await testEnvironment()
const { database, deliveryOf, key, letTimePass, queue, receiver, startDeliverer, state, subscribe } =
  await endpointStage(environment)

test('several deliverers share the work, and each delivery is sent once', async () => {
  const endpoint = await subscribe()
  const ids = await queue(endpoint.id, 300)
  const workers = await Promise.all([startDeliverer(), startDeliverer(), startDeliverer({ concurrency: 3 })])
  const delivered = () => workers.reduce((sum, worker) => sum + worker.stats().delivered, 0)
  await eventually(() => delivered() === 300, { what: 'all are delivered', timeoutMs: 60_000 })
  expect(
    endpoint
      .calls()
      .map(({ id }) => id)
      .toSorted()
  ).toEqual(ids.toSorted())
  const { rows } = await database.query(
    'SELECT count(*)::int AS attempts FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE d.subscription_id = $1',
    [endpoint.id]
  )
  expect(rows[0]).toEqual({ attempts: 300 })
})

test('an endpoint that hangs keeps no other waiting', async () => {
  const [hangs, answers] = [await subscribe(), await subscribe()]
  const open: ServerResponse[] = []
  receiver.answer = (call, response) =>
    call.path === `/${hangs.name}` ? open.push(response) : response.writeHead(204).end()
  await queue(hangs.id, 40)
  const deliverer = await startDeliverer({ concurrency: 8 })
  await eventually(() => open.length === 4, { what: 'half of the places wait for the one that hangs' })
  const ids = await queue(answers.id, 20)
  for (const id of ids) await state(id, 'delivered')
  expect([deliverer.stats().delivered, open.length]).toEqual([20, 4])
  await deliverer.close()
})

test('a notifier that is killed in mid-delivery leaves it to another, with the same id, and the attempt on record', async () => {
  const endpoint = await subscribe()
  const open: ServerResponse[] = []
  receiver.answer = (_, response) => open.push(response)
  const env = {
    ...environment.env,
    WEBHOOK_KEY: key,
    WEBHOOK_ALLOW_HTTP: 'true',
    WEBHOOK_ALLOWED_NETWORKS: '127.0.0.1'
  }
  const first = await startTold(env, 'notifier', '--example', '--smtp', 'smtp://127.0.0.1:9')
  const [id] = await queue(endpoint.id)
  await eventually(() => open.length === 1, { what: 'it is under way', timeoutMs: 30_000 })
  first.child.kill('SIGKILL')
  await eventually(() => first.child.signalCode === 'SIGKILL', { what: 'it is gone' })
  expect(await deliveryOf(id)).toMatchObject({ state: 'pending', attempts: 1, tries: [{ result: null }] })

  receiver.answer = (_, response) => response.writeHead(204).end()
  const second = await startDeliverer()
  // Until the lease has ended it is the first one's.
  const other = await subscribe()
  const [others] = await queue(other.id)
  await state(others, 'delivered')
  expect(endpoint.calls()).toHaveLength(1)
  await letTimePass(0.1)
  const row = await state(id, 'delivered')
  expect(row?.tries.map(({ result }) => result)).toEqual([null, 'delivered'])
  expect(endpoint.calls().map(call => call.id)).toEqual([id, id])
  expect(second.stats()).toMatchObject({ delivered: 2, failed: 0 })
})
