import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll } from 'vitest'
import type { ConnectionWithPostgres } from '../../connection/options.ts'

/** What a test file may use of the servers; nothing of it is shared with other files. */
export interface TestEnvironment {
  /** Where all of them are. */
  readonly connection: ConnectionWithPostgres
  readonly brokers: readonly string[]
  readonly registryUrl: string
  /** Of a fresh, empty database. */
  readonly databaseUrl: string
  /** Put before every event name; ends in a dot. */
  readonly topicPrefix: string
  /** The same as environment variables, for a child process. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * Makes a database and a topic prefix for this test file; the database and the topics go after its last test.
 * Call it once, at the top of the file: `const environment = await testEnvironment()`.
 */
export async function testEnvironment(): Promise<TestEnvironment> {
  const brokers = required('KAFKA_BROKERS')
  const registryUrl = required('SCHEMA_REGISTRY_URL')
  const server = required('DATABASE_URL')
  const id = randomBytes(4).toString('hex')
  const name = `t_${id}`
  await onServer(server, `CREATE DATABASE ${name}`)
  const topicPrefix = `t${id}.`
  // Hooks run last-in first-out: what the file itself closes is closed by then.
  afterAll(async () => {
    await onServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    await deleteTopics(brokers.split(','), topicPrefix)
  })
  const database = new URL(server)
  database.pathname = `/${name}`
  return {
    connection: {
      kafka: { brokers: brokers.split(',') },
      registry: { url: registryUrl },
      postgres: { url: database.href }
    },
    brokers: brokers.split(','),
    registryUrl,
    databaseUrl: database.href,
    topicPrefix,
    env: {
      KAFKA_BROKERS: brokers,
      SCHEMA_REGISTRY_URL: registryUrl,
      DATABASE_URL: database.href,
      TOPIC_PREFIX: topicPrefix,
      DISCLOSURE_PARTY: 'the tests',
      DISCLOSURE_PURPOSE: 'a test'
    }
  }
}

/** The same connection with some of its servers at other addresses. */
export function rerouted(
  { kafka, registry, postgres }: ConnectionWithPostgres,
  to: { readonly brokers?: readonly string[]; readonly registryUrl?: string; readonly databaseUrl?: string }
): ConnectionWithPostgres {
  return {
    kafka: { ...kafka, ...(to.brokers && { brokers: to.brokers }) },
    registry: to.registryUrl === undefined ? registry : { url: to.registryUrl },
    postgres: to.databaseUrl === undefined ? postgres : { url: to.databaseUrl }
  }
}

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run the tests with \`npm test\`, which starts servers for them`)
  return value
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** A long-lived stack would otherwise fill up with the topics of every run. */
async function deleteTopics(brokers: string[], prefix: string): Promise<void> {
  const { createKafkaClient } = await import('../../kafka/kafkajs/index.ts')
  await using admin = await createKafkaClient({ brokers }).connectAdmin()
  const ours = [...(await admin.topics()).keys()].filter(topic => topic.startsWith(prefix))
  if (ours.length > 0) await admin.deleteTopics(ours)
}

export interface EventuallyOptions {
  /** Default 20,000. */
  readonly timeoutMs?: number
  /** What is waited for, for the error: "the row is stored". */
  readonly what: string
}

/**
 * Asks again and again until the answer is neither false, null nor undefined, and resolves to it.
 * A question that throws is asked again too; its last error becomes the cause of the one that is thrown in the end.
 */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  options: EventuallyOptions
): Promise<Exclude<T, false | null | undefined>> {
  const { timeoutMs = 20_000, what } = options
  let cause: unknown
  for (const until = performance.now() + timeoutMs; ; await delay(25)) {
    try {
      const answer = await ask()
      if (answer !== false && answer !== null && answer !== undefined) {
        return answer as Exclude<T, false | null | undefined>
      }
      cause = undefined
    } catch (error) {
      cause = error
    }
    if (performance.now() > until) throw new Error(`not so within ${timeoutMs} ms: ${what}`, { cause })
  }
}
