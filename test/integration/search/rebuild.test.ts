import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import {
  createIndexer,
  type Documents,
  indexerMigrations,
  kafkaSource,
  openSearchIndex,
  postgresIndex,
  type RebuildableIndex,
  type RebuildProgress,
  rebuildIndex
} from '../../../consumers/indexer/index.ts'
import { pause } from '../../../core/index.ts'
import { migrate } from '../../../postgres/migrate.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue, type Events } from '../../../schemas/catalogue/index.ts'
import { testOpenSearch } from '../../support/opensearch.ts'
import { testSchool } from '../consumers/school.ts'

/** 100,000 in the full run: REBUILD_DOCUMENTS=100000. */
const count = Number(process.env.REBUILD_DOCUMENTS ?? 2_000)
const school = await testSchool()
const { topicPrefix, offer } = school.enrol()
const url = await testOpenSearch()

const documents: Documents<Events> = {
  'lesson.published': ({ payload }) => ({ id: payload.lesson_id, title: payload.title ?? '', text: 'a lesson' })
}
const source = kafkaSource({ connection: school.connection, catalogue, topicPrefix, eventNames: ['lesson.published'] })
const producer = createProducer<Events>({ connection: school.connection, catalogue, source: 'school', topicPrefix })
afterAll(() => Promise.all([source.close(), producer.close()]))

/** The title that each lesson has in the end. */
const titles = new Map<string, string>()
const lesson = (id: string, title: string) => {
  titles.set(id, title)
  const payload = { lesson_id: id, instructor_id: randomUUID(), course_id: randomUUID(), title }
  return { eventName: 'lesson.published' as const, aggregateId: id, payload }
}

beforeAll(async () => {
  await offer('lesson.published', 3)
  await producer.publishAll(
    (function* () {
      for (let at = 0; at < count; at += 1) yield lesson(randomUUID(), `Lesson ${at}`)
    })()
  )
}, 300_000)

const indexes: readonly (readonly [string, () => Promise<RebuildableIndex>])[] = [
  [
    'OpenSearch',
    async () => {
      const index = await openSearchIndex({ url, name: `t-${randomUUID()}`, settings: { replicas: 0 } })
      await index.check()
      return index
    }
  ],
  [
    'Postgres',
    async () => {
      const client = new pg.Client({ connectionString: school.databaseUrl })
      await client.connect()
      await migrate(client, indexerMigrations)
      await client.end()
      return postgresIndex(school.connection)
    }
  ]
]

test.each(indexes)(
  '%s is rebuilt while it is searched and written to: no search fails, nothing is missing',
  async (name, open) => {
    const index = await open()
    const began = performance.now()
    const first = await rebuildIndex({ index, documents, source, key: 'first' })
    expect(first).toMatchObject({ phase: 'finished', refused: 0, unreadable: 0, done: 1 })
    expect(await index.count()).toBe(titles.size)
    const seconds = (performance.now() - began) / 1_000

    const indexer = createIndexer<Events>({
      connection: school.connection,
      catalogue,
      topicPrefix,
      group: `indexer-${name.toLowerCase()}`,
      documents,
      index,
      startFrom: 'latest'
    })
    await indexer.start()
    await indexer.whenCaughtUp()

    let flowing = true
    onTestFinished(() => {
      flowing = false
    })
    const before = titles.size
    const old = [...titles.keys()]
    let published = 0
    const flow = (async () => {
      while (flowing) {
        const at = published % old.length
        await producer.publishAll([
          lesson(old[at] as string, `Changed ${published}`),
          lesson(randomUUID(), `New ${published}`)
        ])
        published += 2
        await pause(2)
      }
    })()
    let searches = 0
    const failures: unknown[] = []
    const searching = (async () => {
      while (flowing) {
        try {
          const [{ hits }, documentsThen] = await Promise.all([index.search('lesson', { limit: 5 }), index.count()])
          searches += 1
          if (hits.length < 5 || documentsThen < before) failures.push({ hits: hits.length, documentsThen, before })
        } catch (error) {
          failures.push(error)
        }
      }
    })()

    // One that is interrupted half-way, and continues; then the rest, and the switch.
    const stop = new AbortController()
    const seen: RebuildProgress[] = []
    const interrupted = rebuildIndex({
      index,
      documents,
      source,
      key: 'second',
      signal: stop.signal,
      onProgress: progress => {
        seen.push(progress)
        if (progress.done > 0.5) stop.abort(new Error('interrupted'))
      }
    })
    await expect(interrupted).rejects.toThrow('interrupted')
    const beforeTheStop = seen.length
    const result = await rebuildIndex({
      index,
      documents,
      source,
      key: 'second',
      onProgress: each => void seen.push(each)
    })
    expect(result).toMatchObject({ phase: 'finished', refused: 0, unreadable: 0 })
    expect(seen[beforeTheStop]?.done).toBeGreaterThan(0.4)
    flowing = false
    await Promise.all([flow, searching])
    await indexer.whenCaughtUp({ timeoutMs: 60_000 })
    await indexer.close()
    await index.refresh()

    expect(failures).toEqual([])
    expect(searches).toBeGreaterThan(5)
    expect(published).toBeGreaterThan(5)
    const found = new Map<string, string | undefined>()
    for (let after: string | undefined; ; ) {
      const { hits, next } = await index.search('lesson', { limit: 1_000, ...(after && { after }) })
      for (const { id, title } of hits) found.set(id, title)
      if (next === undefined) break
      after = next
    }
    expect(found.size).toBe(titles.size)
    expect([...titles].filter(([id, title]) => found.get(id) !== title)).toEqual([])
    if (process.env.REBUILD_DOCUMENTS)
      process.stderr.write(
        `${name}: ${count} documents in ${seconds.toFixed(1)} s; ${published} events and ${searches} searches meanwhile\n`
      )
    await index.close()
  },
  1_800_000
)
