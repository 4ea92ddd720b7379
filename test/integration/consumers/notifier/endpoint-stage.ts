import { randomBytes, randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeEach, onTestFinished } from 'vitest'
import { createConnection } from '../../../../connection/index.ts'
import type { ConnectionOptions } from '../../../../connection/options.ts'
import {
  addSubscription,
  createDeliverer,
  type DelivererOptions,
  listDeliveries,
  notifierMigrations,
  postgresDeliveries,
  removeSubscription,
  secretBox,
  subscriptionNamed
} from '../../../../consumers/notifier/index.ts'
import { migrate } from '../../../../postgres/migrate.ts'
import { eventually } from '../../../support/stack.ts'
import { hooks } from './hooks.ts'

/** The tables of the notifier, a receiver of webhooks, and what tests of deliveries do with both. */
export async function endpointStage(environment: {
  readonly connection: ConnectionOptions
  readonly databaseUrl: string
}) {
  const database = new pg.Pool({ connectionString: environment.databaseUrl, max: 2 })
  afterAll(() => database.end())
  const client = await database.connect()
  await migrate(client, notifierMigrations)
  client.release()
  const shared = createConnection({ ...environment.connection, postgres: { url: environment.databaseUrl } })
  afterAll(() => shared.close())

  const receiver = await hooks()
  const key = randomBytes(32).toString('base64')
  const box = secretBox(key)
  const webhooks = { key, allowHttp: true, allowedNetworks: ['127.0.0.1'], timeoutMs: 5_000 }
  beforeEach(() => {
    receiver.calls.length = 0
    receiver.answer = (_, response) => response.writeHead(204).end()
  })

  const deliveryOf = async (eventId: string | undefined) => (await listDeliveries(database, { eventId }, 10))[0]
  let endpoints = 0
  return {
    database,
    shared,
    receiver,
    key,
    box,
    webhooks,
    deliveryOf,

    /** An endpoint of its own that has subscribed to badges. */
    async subscribe(conditions: readonly string[] = []) {
      endpoints += 1
      const name = `endpoint-${endpoints}`
      const target = `${receiver.url}/${name}`
      const since = new Date(0)
      const given = { name, eventNames: ['badge.awarded'], conditions, channel: 'webhook', target, since } as const
      const { id, secret } = await addSubscription(database, given, box)
      onTestFinished(async () => void (await removeSubscription(database, name).catch(() => undefined)))
      const calls = () => receiver.calls.filter(({ path }) => path === `/${name}`)
      const now = () => subscriptionNamed(database, name)
      return { id, name, secret: secret as string, calls, now }
    },

    async startDeliverer(options: Partial<DelivererOptions> = {}) {
      const deliverer = createDeliverer({ deliveries: postgresDeliveries(shared), webhooks, pollMs: 50, ...options })
      onTestFinished(() => deliverer.close())
      await deliverer.start()
      return deliverer
    },

    /** Queues deliveries without Kafka. */
    async queue(subscriptionId: string, count = 1): Promise<string[]> {
      const ids = Array.from({ length: count }, () => randomUUID())
      const facts = { eventName: 'badge.awarded', subscriptionId }
      const about = (eventId: string) => ({
        ...facts,
        eventId,
        content: JSON.stringify({ type: 'badge.awarded', id: eventId })
      })
      await postgresDeliveries(shared).queue(ids.map(about))
      return ids
    },

    /** As if this time had gone by: what waits is due so much earlier, and so is all else that has a date. */
    async letTimePass(hours: number): Promise<void> {
      const by = "$1 * interval '1 hour'"
      await database.query(`UPDATE deliveries SET next_attempt_at = next_attempt_at - ${by}`, [hours])
      await database.query(
        `UPDATE subscriptions SET failing_since = failing_since - ${by}, hold_until = hold_until - ${by}`,
        [hours]
      )
      await database.query(`UPDATE subscription_secrets SET expires_at = expires_at - ${by}`, [hours])
    },

    state: (eventId: string | undefined, wanted: string) =>
      eventually(async () => ((await deliveryOf(eventId))?.state === wanted ? await deliveryOf(eventId) : undefined), {
        what: `the delivery is ${wanted}`
      }),

    /** Waits until so many attempts have been recorded. */
    tried: (eventId: string | undefined, times: number) =>
      eventually(
        async () => {
          const row = await deliveryOf(eventId)
          return row?.tries.filter(({ result }) => result !== null).length === times ? row : undefined
        },
        { what: `attempt ${times}` }
      )
  }
}
