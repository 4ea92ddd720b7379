import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { startStack } from '../../../dev/stack/index.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually, rerouted } from '../../support/stack.ts'
import { lesson, testTrail } from '../../support/trail.ts'

/** A way from a free port of ::1 to a port of 127.0.0.1, which may be said later. */
async function from6(port: () => number | undefined): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer(near => {
    const far = connect(port() ?? 0, '127.0.0.1')
    near.pipe(far).pipe(near)
    for (const end of [near, far]) {
      sockets.add(end)
      end.on('error', () => end.destroy())
    }
  })
  server.listen(0, '::1')
  await once(server, 'listening')
  afterAll(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

// The broker sends clients of its second listener to ::1, as a cluster does that has nothing but IPv6.
let proxied: number | undefined
const kafkaProxy = await from6(() => proxied)
const kafka = await freePort()
const stack = await startStack({
  kind: 'ipv6',
  ports: { kafka },
  kafkaProxy,
  brokerSettings: { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${kafka},PROXIED://[::1]:${kafkaProxy}` }
})
afterAll(() => stack.stop())
proxied = stack.proxied
Object.assign(process.env, stack.env)
const trail = await testTrail({ partitions: 1 })

test('producer, group, sink and doctor reach brokers, registry and Postgres by addresses of IPv6', async () => {
  await trail.offer('lesson.published')
  const over6 = async (text: string): Promise<string> => {
    const url = new URL(text)
    const port = Number(url.port)
    url.host = `[::1]:${await from6(() => port)}`
    return url.href
  }
  const servers = {
    brokers: [`[::1]:${kafkaProxy}`],
    registryUrl: await over6(trail.registryUrl),
    databaseUrl: await over6(trail.databaseUrl)
  }
  const handled: string[] = []
  const { topicPrefix } = trail
  const connection = rerouted(trail.connection, servers)
  await using sink = createSink({ ...trail.sinkOptions, connection })
  await using group = createConsumerGroup({
    connection,
    topicPrefix,
    catalogue,
    group: 'ipv6',
    handlers: { 'lesson.published': async ({ id }) => void handled.push(id) }
  })
  await using producer = createProducer({ connection, topicPrefix, catalogue, source: 'test' })
  await Promise.all([sink.start(), group.start()])
  const { id } = await producer.publish('lesson.published', crypto.randomUUID(), lesson().payload as never)
  await sink.whenCaughtUp()
  expect(await trail.rows('SELECT id FROM event_envelopes')).toEqual([{ id }])
  await eventually(() => handled.includes(id), { what: 'it is handled' })
  const { stdout } = await runCli(['doctor'], {
    ...trail.env,
    KAFKA_BROKERS: servers.brokers.join(),
    SCHEMA_REGISTRY_URL: servers.registryUrl,
    DATABASE_URL: servers.databaseUrl
  })
  expect(stdout).toContain(`reached [::1]:${kafkaProxy}`)
  // Broker, registry and database.
  expect(stdout.match(/ok.*reached/g)).toHaveLength(3)
})
