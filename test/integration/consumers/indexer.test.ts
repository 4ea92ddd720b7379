import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { loadDocuments } from '../../../cli/index.ts'
import {
  createIndexer,
  documentTable,
  type IndexerOptions,
  indexerMigrations,
  postgresIndex
} from '../../../consumers/indexer/index.ts'
import { migrate } from '../../../postgres/migrate.ts'
import { catalogue, type Events } from '../../../schemas/catalogue/index.ts'
import { lesson, testSchool } from './school.ts'

const school = await testSchool()

const index = postgresIndex({ postgres: { url: school.databaseUrl } })
afterAll(() => index.close())
await expect(index.check()).rejects.toMatchObject({ code: 'TABLES_MISSING' })
// An event must not become a dead letter for it.
await expect(index.count()).rejects.toMatchObject({
  code: 'POSTGRES_UNAVAILABLE',
  retryable: true,
  message: 'The tables of the indexer are not in this database: run `eventtrail migrate --with indexer`'
})
const client = new pg.Client({ connectionString: school.databaseUrl })
await client.connect()
afterAll(() => client.end())
await migrate(client, indexerMigrations)

const documents = await loadDocuments({ example: true }, catalogue)
const indexerOf = (
  { topicPrefix }: { readonly topicPrefix: string },
  more: Pick<IndexerOptions<Events>, 'retry' | 'commitIntervalMs'>
) => createIndexer({ connection: school.connection, topicPrefix, catalogue, documents, index, ...more })

test('documents of the first version of the table are kept, also where its migration has its first name', async () => {
  const secondFile = '002_rows_of_the_table_before'
  const [thirdFile, fourthFile] = ['003_weights_and_languages', '004_when_documents_ended']
  const schema = `old_${randomUUID().slice(0, 8)}`
  const applied = async () =>
    (await client.query('SELECT id, name FROM eventtrail_migrations ORDER BY id')).rows.map(({ name }) => name)
  await client.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}`)
  try {
    expect(await migrate(client, indexerMigrations)).toEqual([
      '001_search_documents',
      secondFile,
      thirdFile,
      fourthFile
    ])
    // As the first version left a database.
    await client.query(`DROP TABLE ${documentTable}, search_rebuilds; DELETE FROM eventtrail_migrations`)
    await client.query(
      `CREATE TABLE lesson_documents (
         lesson_id uuid PRIMARY KEY, course_id uuid NOT NULL, instructor_id uuid NOT NULL, title text NOT NULL,
         published_at timestamptz NOT NULL, event_id uuid NOT NULL,
         words tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('english', title)) STORED
       )`
    )
    await client.query("INSERT INTO eventtrail_migrations VALUES ('indexer', 1, '001_lesson_documents')")
    await client.query(
      `INSERT INTO lesson_documents (lesson_id, course_id, instructor_id, title, published_at, event_id)
       VALUES ($1, $1, $1, 'Volcanoes', '2026-09-01T08:00:00Z', $1)`,
      [randomUUID()]
    )
    expect(await migrate(client, indexerMigrations)).toEqual([secondFile, thirdFile, fourthFile])
    expect(await migrate(client, indexerMigrations)).toEqual([])
    expect(await applied()).toEqual(['001_lesson_documents', secondFile, thirdFile, fourthFile])
    const kept = await client.query(`SELECT text, event_name FROM ${documentTable} WHERE words @@ 'volcano'`)
    expect(kept.rows).toEqual([{ text: 'Volcanoes', event_name: 'lesson.published' }])
    // What has both under their names of today is left as it is.
    await client.query('DELETE FROM eventtrail_migrations WHERE id = 2')
    expect(await migrate(client, indexerMigrations)).toEqual([secondFile])
    expect((await client.query(`SELECT 1 FROM ${documentTable}`)).rowCount).toBe(1)
  } finally {
    await client.query(`RESET search_path; DROP SCHEMA ${schema} CASCADE`)
  }
})

test('the indexer keeps a document per event; one without text is kept, and what Postgres refuses is a dead letter', async () => {
  const term = school.enrol()
  await term.offer('lesson.published')
  await using indexer = indexerOf(term, { commitIntervalMs: 100, retry: { attempts: 2, initialMs: 10 } })
  await indexer.start()
  const before = await index.count()
  const headers = [['traceparent', null]] as const
  const [, eventId] = await term.publish(lesson(), lesson('Thermodynamics of tea', { headers }))
  // Our encoder refuses the character; a foreign producer's may not.
  const { id: _, ...record } = await term.encode(lesson('Broken ~ title', { headers }))
  const value = record.value as Buffer
  value[value.indexOf('~')] = 0
  await term.send('lesson.published', record)
  await indexer.whenCaughtUp()
  expect(await index.count()).toBe(before + 2)
  expect((await index.search('tea')).hits).toMatchObject([
    { text: 'Thermodynamics of tea', event_name: 'lesson.published', event_id: eventId }
  ])
  const [letter] = await school.read(`${term.topicPrefix}indexer.dead-letters`, 1)
  expect(String(letter?.headers['dead-letter-code'])).toBe('22021')
  expect(letter?.headerList[0]).toEqual(headers[0])
})

test('of many events that come at once, one that has no document fails alone', async () => {
  const term = school.enrol()
  await term.offer('lesson.published')
  const aggregateId = randomUUID()
  const lessons = Array.from({ length: 30 }, (_, at) => lesson(`Basalt ${at}`))
  const bad = lesson('Basalt that throws', { aggregateId })
  await term.publish(...lessons, bad, lesson('Basalt granite', { aggregateId }))
  await using indexer = createIndexer<Events>({
    connection: school.connection,
    topicPrefix: term.topicPrefix,
    catalogue,
    index,
    retry: { attempts: 2, initialMs: 10 },
    documents: {
      'lesson.published': ({ payload }) => {
        if (payload.title === 'Basalt that throws') throw new Error('no document')
        return { id: payload.lesson_id, text: payload.title ?? '' }
      }
    }
  })
  await indexer.start()
  await indexer.whenCaughtUp()
  expect(indexer.stats()).toMatchObject({ handled: 31, deadLettered: 1 })
  expect((await index.search('basalt', { limit: 100 })).hits).toHaveLength(31)
  expect((await index.search('"basalt granite"')).hits).toHaveLength(1)
})

test('a database that restarts is waited out', async () => {
  const term = school.enrol()
  await term.offer('lesson.published')
  await using indexer = indexerOf(term, { retry: { maxMs: 100 } })
  await indexer.start()
  await term.publish(lesson('Before the break'))
  await indexer.whenCaughtUp()
  const admin = new pg.Client({ connectionString: process.env.DATABASE_URL })
  await admin.connect()
  const name = new URL(school.databaseUrl).pathname.slice(1)
  const allow = (yes: boolean) => admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${yes}`)
  try {
    await allow(false)
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'eventtrail-indexer'`,
      [name]
    )
    await term.publish(lesson('Written in the dark'))
    await expect(indexer.whenCaughtUp({ timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'CATCH_UP_TIMEOUT' })
    expect(indexer.stats().retried).toBeGreaterThan(0)
  } finally {
    await allow(true)
    await admin.end()
  }
  await indexer.whenCaughtUp()
  expect(indexer.stats()).toMatchObject({ handled: 2, deadLettered: 0 })
  expect((await index.search('dark')).hits).toHaveLength(1)
})
