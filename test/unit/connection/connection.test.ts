import { expect, it } from 'vitest'
import { createConnection, useKafka, usePool } from '../../../connection/index.ts'
import type { KafkaClient, KafkaClientOptions } from '../../../kafka/index.ts'

const servers = {
  kafka: { brokers: ['localhost:9092'], tls: true },
  registry: { url: 'http://localhost:8081' },
  postgres: { url: 'postgres://localhost/trail' }
}

/** Clients and pools as a connection sees them; what it does with them is the subject. */
function counted() {
  const made: KafkaClientOptions[] = []
  const events: string[] = []
  const line = {
    ask: async () => undefined as never,
    heldBackWords: async () => [],
    close: async () => void events.push('line')
  }
  const client = {
    brokers: servers.kafka.brokers,
    named: ({ clientId }: { clientId?: string }) => {
      events.push(`named ${clientId}`)
      return client
    },
    adminLine: () => {
      events.push('admin')
      return line
    }
  } as unknown as KafkaClient
  const create = (options: KafkaClientOptions) => {
    made.push(options)
    return client
  }
  const open = ({ url }: { readonly url: string }) => ({ url, end: async () => void events.push(`end ${url}`) })
  return { made, events, create, open }
}

it('is shared by the parts that get it, and closed by the one that made it', async () => {
  const { made, events, create, open } = counted()
  const connection = createConnection(servers)
  const parts = ['a', 'b'].map(clientId => useKafka(connection, create, { clientId }))
  expect(made).toMatchObject([{ brokers: ['localhost:9092'], security: { tls: true } }])
  const lines = parts.map(({ client }) => client.adminLine())
  const pools = [usePool(connection, open), usePool(connection, open)]
  expect(pools[0]?.pool).toBe(pools[1]?.pool)
  await Promise.all([...lines.map(line => line.close()), ...[...parts, ...pools].map(({ release }) => release())])
  expect(events).toEqual(['named a', 'named b', 'admin'])
  await connection.close()
  await connection.close()
  expect(events.slice(3).sort()).toEqual(['end postgres://localhost/trail', 'line'])
})

it('is made by each part that gets plain options, and closed with that part', async () => {
  const { made, events, create, open } = counted()
  const parts = ['a', 'b'].map(clientId => useKafka(servers, create, { clientId }))
  expect(made).toHaveLength(2)
  parts[0]?.client.adminLine()
  await parts[0]?.release()
  const { pool, release } = usePool(servers, open)
  await release()
  expect(pool.url).toBe(servers.postgres.url)
  expect(events).toEqual(['named a', 'named b', 'admin', 'line', 'end postgres://localhost/trail'])
})

it('refuses what a part would refuse', () => {
  expect(() => createConnection({ ...servers, registry: { url: 'nowhere' } })).toThrow(
    expect.objectContaining({ code: 'OPTIONS_INVALID', option: 'connection.registry.url' })
  )
})

it('is refused once it was closed', async () => {
  const { create, open } = counted()
  const connection = createConnection(servers)
  await connection.close()
  const closed = expect.objectContaining({ code: 'OPTIONS_INVALID', option: 'connection' })
  expect(() => useKafka(connection, create, { clientId: 'a' })).toThrow(closed)
  expect(() => usePool(connection, open)).toThrow(closed)
})

it('keeps options that are functions, and follows no later change of the others', () => {
  const password = () => 'S3cret'
  const given = {
    ...servers,
    registry: { url: ['https://a', 'https://b'], auth: { basic: { username: 'me', password } } }
  }
  const connection = createConnection(given)
  given.registry.url.push('https://c')
  expect(connection.registry).toEqual({
    url: ['https://a', 'https://b'],
    auth: { basic: { username: 'me', password } }
  })
})

it('keeps what it is given as it was, functions among it', async () => {
  const { made, create } = counted()
  const token = async () => ({ value: 'abc' })
  const brokers = ['localhost:9092']
  const kafka = { brokers, tls: { ca: { file: '/ca.pem' } }, sasl: { mechanism: 'OAUTHBEARER', token } } as const
  await using connection = createConnection({ ...servers, kafka })
  brokers.push('elsewhere:9092')
  useKafka(connection, create, { clientId: 'a' })
  expect(made).toEqual([
    {
      brokers: ['localhost:9092'],
      security: { tls: { ca: { file: '/ca.pem' } }, sasl: { mechanism: 'OAUTHBEARER', token } },
      clientId: 'a'
    }
  ])
})

it('keeps the functions of its options, and not the objects that they came in', async () => {
  const password = async () => 'token'
  const given = { ...servers, postgres: { url: 'postgres://localhost/trail', password, schema: 'audit' } }
  const connection = createConnection(given)
  given.postgres.url = 'postgres://elsewhere/trail'
  const { pool } = usePool(connection, postgres => ({ postgres, end: async () => undefined }))
  expect(pool.postgres).toEqual({ url: 'postgres://localhost/trail', password, schema: 'audit' })
  await connection.close()
})

it.each([
  ['password', ''],
  ['password', 7],
  ['schema', ''],
  ['schema', 'pg_temp'],
  ['schema', 'information_schema'],
  ['schema', 'x'.repeat(64)]
])('refuses the %s %j of Postgres', (name, value) => {
  const postgres = { ...servers.postgres, [name]: value }
  expect(() => createConnection({ ...servers, postgres } as never)).toThrow(
    expect.objectContaining({ code: 'OPTIONS_INVALID', option: `connection.postgres.${name}` })
  )
})
