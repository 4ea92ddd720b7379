import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { KafkaSecurity } from '../../../../kafka/types/index.ts'
import { createProducer } from '../../../../producers/index.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { TestAuthority } from '../../../support/kafka/certificates.ts'
import { changePassword, password, securedKafka } from '../../../support/kafka/secured.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, testTrail } from '../../../support/trail.ts'

// Shorter than the 10 s by which kafkajs logs in ahead of the end of a session.
const sessionMs = 5_000
const secured = await securedKafka({ settings: { 'connections.max.reauth.ms': `${sessionMs}` } })
const { authority, broker } = secured
const trail = await testTrail()
const { payload } = badge() as { payload: { badge_id: string; awarded_to: string; reason: string } }

interface Part {
  health(): { readonly notReady: readonly string[] }
}

/** Publishes without a pause until `work` is over; then all of it must be in the trail. @returns how many */
async function underLoad(
  brokers: readonly string[],
  security: KafkaSecurity,
  work: (sink: Part, producer: Part) => Promise<void>
): Promise<number> {
  const topicPrefix = `${trail.topicPrefix}${crypto.randomUUID().slice(0, 6)}.`
  const env = { ...trail.env, ...secured.ways.TLS, TOPIC_PREFIX: topicPrefix }
  expect(await runCli(['schemas', 'register', '--example'], env)).toMatchObject({ code: 0 })
  const connection = { ...trail.connection, kafka: { brokers, ...security } }
  await using sink = createSink({ ...trail.sinkOptions, connection, topicPrefix })
  await using producer = createProducer({ connection, catalogue, topicPrefix, deliveryTimeoutMs: 120_000 })
  await Promise.all([sink.start(), producer.start()])
  const ids: string[] = []
  let isOver = false
  const load = (async () => {
    while (!isOver) {
      const receipts = await Promise.all(
        Array.from({ length: 20 }, () => producer.publish('badge.awarded', crypto.randomUUID(), payload))
      )
      ids.push(...receipts.map(({ id }) => id))
    }
  })()
  // What Kafka has not let in yet ends once it is refused a few times.
  await eventually(() => ids.length > 0 && saidBy(sink) === '', { what: 'the sink reads', timeoutMs: 30_000 })
  const before = ids.length
  await work(sink, producer)
  const during = ids.length
  await eventually(() => ids.length > during + 100, { what: 'events are published after it', timeoutMs: 60_000 })
  isOver = true
  await load
  const stored = async () =>
    (await trail.rows('SELECT count(DISTINCT id)::int AS n FROM event_envelopes WHERE id = ANY($1)', [ids]))[0]?.n
  await eventually(async () => (await stored()) === ids.length, { what: 'each is in the trail', timeoutMs: 60_000 })
  expect([sink.state, producer.state]).toEqual(['running', 'running'])
  expect(ids.length).toBeGreaterThan(before)
  return ids.length
}

const saidBy = (part: Part): string => part.health().notReady.join()

/** Resolves when each connection of now has logged in that often again. */
const sessionsPass = (count: number) => {
  const until = performance.now() + count * sessionMs
  return eventually(() => performance.now() > until, { what: 'sessions end', timeoutMs: (count + 1) * sessionMs })
}

// These two wait for sessions to end.
test.concurrent('sessions of 5 s end again and again, and no event is lost', { timeout: 180_000 }, async () => {
  const sasl = { mechanism: 'SCRAM-SHA-512', username: 'trail', password } as const
  await underLoad(
    [broker.addresses.SASL],
    { tls: { ca: authority.pem }, sasl },
    async () => void (await sessionsPass(3))
  )
})

test.concurrent('tokens that last as long as a session are renewed', { timeout: 180_000 }, async () => {
  const { issuer } = secured
  let made = 0
  const token = async () => {
    made += 1
    return { value: issuer.token({ lifeS: 20 }), expiresInMs: 20_000 }
  }
  const security = { tls: { ca: authority.pem }, sasl: { mechanism: 'OAUTHBEARER', token } } as const
  await underLoad([broker.addresses.SASL], security, async () => void (await sessionsPass(3)))
  expect(made).toBeGreaterThan(2)
})

test('a password is replaced under load: no event is lost, nothing is restarted', { timeout: 240_000 }, async () => {
  const file = join(authority.folder, 'password')
  writeFileSync(file, `${password}\n`)
  const sasl = { mechanism: 'SCRAM-SHA-512', username: 'trail', password: { file } } as const
  await underLoad([broker.addresses.SASL], { tls: { ca: { file: authority.file } }, sasl }, async (sink, producer) => {
    await changePassword(broker.addresses.PLAINTEXT, 'trail', 'another-password')
    await eventually(
      () => saidBy(sink).includes('KAFKA_SASL_PASSWORD') && saidBy(producer).includes('KAFKA_SASL_PASSWORD'),
      {
        what: 'both say what is wrong',
        timeoutMs: 3 * sessionMs
      }
    )
    writeFileSync(file, 'another-password\n')
    // All sessions of the old one have ended by then.
    await sessionsPass(2)
    await eventually(() => saidBy(sink) === '' && saidBy(producer) === '', {
      what: 'both are ready',
      timeoutMs: 60_000
    })
  })
  await changePassword(broker.addresses.PLAINTEXT, 'trail', password)
})

test('CA and client certificate are replaced under load: no event is lost, no client is restarted', {
  timeout: 240_000
}, async () => {
  const next = await TestAuthority.create('next', authority.folder)
  const [server, client] = [await next.issue({ name: 'broker' }), await next.issue({ name: 'trail' })]
  const files = { ca: 'live-ca.pem', certificate: 'live.pem', key: 'live.key' }
  const paths = Object.fromEntries(
    Object.entries(files).map(([name, file]) => [name, { file: join(authority.folder, file) }])
  ) as Record<keyof typeof files, { file: string }>
  const write = (ca: string, { certificate, key }: { certificate: string; key: string }) => {
    writeFileSync(paths.ca.file, ca)
    writeFileSync(paths.certificate.file, certificate)
    writeFileSync(paths.key.file, key)
  }
  write(authority.pem, secured.client)
  await underLoad([broker.addresses.MTLS], { tls: paths }, async () => {
    await broker.server.stop()
    // The names of the files in the broker's settings stay.
    next.keystore(server)
    writeFileSync(authority.file, next.pem)
    write(next.pem, client)
    await broker.server.start()
  })
})
