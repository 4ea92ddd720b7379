import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { v7 } from 'uuid'
import { afterAll, beforeEach } from 'vitest'
import { createLogger } from '../../cli/log.ts'
import type { Logger, LogLevel } from '../../core/logger.ts'
import { createKafkaClient } from '../../kafka/kafkajs/client.ts'
import { operationsMigrations } from '../../operations/migrations.ts'
import { migrate } from '../../postgres/migrate.ts'
import { catalogue } from '../../schemas/catalogue/index.ts'
import { type Catalogue, createRegistry, type EventVersion, encodeEnvelope } from '../../schemas/index.ts'
import { trailMigrations } from '../../trail/migrations.ts'
import { wire } from './kafka/wire.ts'
import { testEnvironment } from './stack.ts'

/** A record to be written to Kafka as it is. */
export interface RawRecord {
  readonly eventName: string
  readonly key?: string | null
  readonly value: Buffer | null
  readonly partition?: number
  readonly headers?: Record<string, string>
}

/** An envelope for tests; everything but the payload has a default. */
export interface TestEvent {
  readonly eventName: string
  readonly payload: unknown
  readonly id?: string
  readonly aggregateId?: string
  readonly occurredAt?: bigint
  readonly version?: number
  /** Encodes as a careless producer would: nothing is checked. The payload must be complete. */
  readonly unchecked?: boolean
  readonly headers?: Record<string, string>
}

/** A fresh trail: its own database with all tables, its own topics, and raw access to both sides. */
export async function testTrail(
  options: { partitions?: number; catalogue?: Catalogue; replicationFactor?: number } = {}
) {
  const log = keptLog()
  const environment = await testEnvironment()
  const events = options.catalogue ?? catalogue
  const { connection, brokers, registryUrl, databaseUrl, topicPrefix } = environment
  const db = new pg.Pool({ connectionString: databaseUrl, max: 4 })
  db.on('error', () => undefined)
  db.on('connect', client => client.on('error', () => undefined))
  afterAll(() => db.end())
  const client = await db.connect()
  try {
    await migrate(client, trailMigrations)
    await migrate(client, operationsMigrations)
  } finally {
    client.release()
  }
  const registry = createRegistry({ url: registryUrl })
  const kafka = createKafkaClient({ brokers, clientId: 'test' })
  const admin = await kafka.connectAdmin()
  afterAll(() => admin.close())

  const ids = new Map<string, { id: number; version: number }>()
  const register = async (version: EventVersion): Promise<{ id: number; version: number }> => {
    const key = `${version.eventName} ${version.version}`
    const known =
      ids.get(key) ?? (await registry.register(`${topicPrefix}${version.eventName}-value`, version.envelope))
    ids.set(key, known)
    return known
  }
  const makeTopic = (eventName: string, partitions = options.partitions ?? 3) =>
    admin.createTopics([
      { topic: topicPrefix + eventName, partitions, replicationFactor: options.replicationFactor ?? 1, config: {} }
    ])

  /** Registers all versions of an event and makes its topic. */
  const offer = async (eventName: string, from: Catalogue = events): Promise<void> => {
    for (const version of from.versions(eventName)) await register(version)
    await makeTopic(eventName)
  }

  const encode = async (event: TestEvent, from: Catalogue = events): Promise<RawRecord & { id: string }> => {
    const { id = v7(), aggregateId = randomUUID(), occurredAt = BigInt(Date.now()) * 1000n } = event
    const version = from.version(event.eventName, event.version)
    const registered = await register(version)
    const envelope = { id, aggregate_id: aggregateId, occurred_at: occurredAt, payload: event.payload }
    const value = event.unchecked
      ? wire(
          registered.id,
          version.type.toBuffer({ ...envelope, event_name: event.eventName, schema_version: registered.version })
        )
      : encodeEnvelope(version, registered.id, envelope, registered.version)
    const { eventName, headers } = event
    return { eventName, key: aggregateId, value, id, ...(headers && { headers }) }
  }

  const send = async (records: readonly RawRecord[]): Promise<void> => {
    const topics = Map.groupBy(records, ({ eventName }) => topicPrefix + eventName)
    // A producer of its own each time: kafkajs's stops sending anywhere once a topic it knows is deleted. Idempotent,
    // because it sends a whole request again when one partition of it failed.
    const producer = kafka.kafka.producer({ allowAutoTopicCreation: false, idempotent: true })
    await producer.connect()
    const answers = await producer.sendBatch({
      acks: -1,
      topicMessages: [...topics].map(([topic, group]) => ({
        topic,
        messages: group.map(({ key, value, partition, headers }) => ({
          key: key === undefined ? randomUUID() : key,
          value,
          ...(partition !== undefined && { partition }),
          ...(headers && { headers })
        }))
      }))
    })
    await producer.disconnect()
    // kafkajs leaves out, without a word, what goes to a partition that its metadata does not have.
    const wanted = new Set(records.flatMap(({ partition }) => (partition === undefined ? [] : [partition])))
    const missing = [...wanted].filter(partition => !answers.some(answer => answer.partition === partition))
    if (missing.length > 0) throw new Error(`nothing was sent to partitions ${missing.join(', ')}`)
  }

  /** From now on each row takes a millisecond to insert, so that a fault can land within a COPY. */
  const slowRows = () => setRowPause(0.001)
  /** Takes that back, without a lock on the table. */
  const fastRows = () => setRowPause(0)
  const setRowPause = async (seconds: number) => {
    await db.query(`CREATE OR REPLACE FUNCTION row_pause() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN ${seconds > 0 ? `PERFORM pg_sleep(${seconds});` : ''} RETURN NEW; END $$`)
    const there = await db.query("SELECT 1 FROM pg_trigger WHERE tgname = 'row_pause' LIMIT 1")
    if (there.rowCount === 0) {
      await db.query(
        'CREATE TRIGGER row_pause BEFORE INSERT ON event_envelopes FOR EACH ROW EXECUTE FUNCTION row_pause()'
      )
    }
  }

  const rows = async (sql: string, values: unknown[] = []) =>
    (await db.query(sql, values)).rows as Record<string, unknown>[]
  /** Does what the trail refuses its owner too, as a superuser might. One statement or several, in one transaction. */
  const tamper = async (sql: string, values: unknown[] = []) => {
    const client = await db.connect()
    try {
      await client.query('BEGIN')
      await client.query('SET LOCAL session_replication_role = replica')
      const answer = await client.query(sql, values)
      await client.query('COMMIT')
      return answer.rows as Record<string, unknown>[]
    } catch (error) {
      await client.query('ROLLBACK')
      throw error
    } finally {
      client.release()
    }
  }
  const count = async (table: string) => Number((await rows(`SELECT count(*) AS n FROM ${table}`))[0]?.n)

  return {
    ...environment,
    group: `${topicPrefix}sink`,
    db,
    rows,
    tamper,
    count,
    slowRows,
    fastRows,
    /** The session that is in the middle of copying into the trail, if one is. */
    copying: async () => (await rows(copyingSessions))[0],
    kafka,
    admin,
    registry,
    register,
    makeTopic,
    offer,
    encode,
    send,
    publish: async (events: readonly TestEvent[]) => {
      const encoded = await Promise.all(events.map(event => encode(event)))
      await send(encoded)
      return encoded
    },
    /** What the sink needs of this trail. */
    sinkOptions: {
      connection,
      topicPrefix,
      sessionTimeoutMs: 2_000,
      topicRefreshMs: 300,
      log
    }
  }
}

const copyingSessions = `SELECT pid FROM pg_stat_progress_copy
  WHERE relid = 'event_envelopes'::regclass AND datname = current_database() AND tuples_processed > 20`

export type TestTrail = Awaited<ReturnType<typeof testTrail>>

export const lesson = (title = 'Fractions', version = 2): Omit<TestEvent, 'aggregateId'> => ({
  eventName: 'lesson.published',
  version,
  payload: {
    lesson_id: randomUUID(),
    instructor_id: randomUUID(),
    course_id: randomUUID(),
    ...(version >= 2 && { title })
  }
})

export const quiz = (score = 87.3): Omit<TestEvent, 'aggregateId'> => ({
  eventName: 'quiz.submitted',
  payload: { submission_id: randomUUID(), student_id: randomUUID(), quiz_id: randomUUID(), score_raw: score }
})

export const badge = (reason = 'Ten quizzes'): Omit<TestEvent, 'aggregateId'> => ({
  eventName: 'badge.awarded',
  payload: { badge_id: randomUUID(), awarded_to: randomUUID(), reason }
})

/** What a part logs: shown of a test that fails, or of all at once with LOG_LEVEL=debug npm test -- … */
function keptLog(): Logger {
  const level = process.env.LOG_LEVEL as LogLevel | undefined
  if (level !== undefined) return createLogger({ level })
  let lines: string[] = []
  beforeEach(({ onTestFailed }) => {
    lines = []
    onTestFailed(() => void process.stderr.write(lines.join('')))
  })
  return createLogger({ destination: { write: line => void lines.push(line) } })
}
