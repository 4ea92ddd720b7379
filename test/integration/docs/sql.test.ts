import { beforeAll, expect, test } from 'vitest'
import { indexerMigrations } from '../../../consumers/indexer/migrations.ts'
import { notifierMigrations } from '../../../consumers/notifier/migrations.ts'
import { migrate } from '../../../postgres/migrate.ts'
import { createSink } from '../../../sink/index.ts'
import { batchOf, refusedChunk, writerOn } from '../../support/kafka/batches.ts'
import { fencesOf, pages } from '../../support/project/docs.ts'
import { badge, lesson, testTrail } from '../../support/trail.ts'

const fences = pages()
  .flatMap(fencesOf)
  .filter(({ language, notRun }) => language === 'sql' && notRun === undefined)
const trail = await testTrail()
await trail.offer('lesson.published')
await trail.offer('badge.awarded')

/** The statement of docs/trail.md that begins with this comment, as it is printed: the topics of this trail have a prefix. */
function query(comment: string): string {
  const found = fences.find(({ text }) => text.startsWith(`-- ${comment}\n`))
  if (!found) throw new Error(`no block of SQL begins with -- ${comment}`)
  return found.text
}

const remarks = async () => [
  ...new Set((await trail.rows(query('did we lose anything?'))).map(({ what }) => what).toSorted())
]

beforeAll(async () => {
  const client = await trail.db.connect()
  for (const each of [indexerMigrations, notifierMigrations]) await migrate(client, each)
  client.release()
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  const lessons = await trail.publish(Array.from({ length: 60 }, () => lesson()))
  const repeated = lessons.slice(0, 5)
  await trail.send([...repeated, { eventName: 'badge.awarded', value: Buffer.from('no envelope') }])
  await trail.publish([badge(), badge()])
  await sink.whenCaughtUp()
  const { writer, begin } = writerOn(trail)
  const topic = `${trail.topicPrefix}unreadable`
  await begin(topic, 3)
  const record = { offset: 3, key: null, value: Buffer.from('a batch'), headers: [], timestamp: 0 }
  const fault = { code: 'NOT_WIRE_FORMAT', reason: 'no record can be read' } as const
  await writer.write(batchOf([refusedChunk(topic, 3, [{ offset: 3, lastOffset: 9, record, fault }])]))
  await writer.close()
})

test('every statement of README and docs runs', async () => {
  expect(fences.length).toBeGreaterThan(5)
  for (const { page, line, text } of fences) {
    await trail.rows(text).catch((cause: unknown) => {
      throw new Error(`${page}, line ${line}`, { cause })
    })
  }
})

test('a trail that is whole adds up, with a duplicate, a quarantined record, a batch and events of the bus in it', async () => {
  await trail.rows(
    `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
     VALUES (gen_random_uuid(), gen_random_uuid(), now(), 'badge.awarded', '{}', 1)`
  )
  expect(await trail.count('sink_duplicates')).toBe(5)
  expect(await trail.count('sink_quarantine')).toBe(2)
  expect(await remarks()).toEqual([])
  expect(await trail.rows(query('which ones are missing?'))).toEqual([])
})

test('an offset within a batch that is kept as one is found', async () => {
  const asked = query('what happened to one offset?')
    .replace("'lesson.published' AS topic", `'${trail.topicPrefix}unreadable' AS topic`)
    .replace('4711', '7')
  expect(await trail.rows(asked)).toMatchObject([
    { became: 'quarantined, now held', why: 'NOT_WIRE_FORMAT: no record can be read' },
    { became: 'passed by the sink' }
  ])
})

test('what happened to an offset is asked with its topic alone, prefix and all', async () => {
  const [row] = await trail.rows("SELECT * FROM event_envelopes WHERE event_name = 'lesson.published' LIMIT 1")
  const asked = query('what happened to one offset?')
    .replace(
      "'lesson.published' AS topic, 0",
      `'${trail.topicPrefix}lesson.published' AS topic, ${row?.kafka_partition}`
    )
    .replace('4711', String(row?.kafka_offset))
  expect(await trail.rows(asked)).toMatchObject([
    { became: 'stored as a row', id: row?.id },
    { became: 'passed by the sink' }
  ])
})

test('a row that was taken away is missed, and found', async () => {
  const [taken] = await trail.tamper(
    'DELETE FROM event_envelopes WHERE id = (SELECT id FROM event_envelopes WHERE kafka_offset IS NOT NULL LIMIT 1) RETURNING *'
  )
  expect(await remarks()).toEqual(['rows that the ledger has and the table has not'])
  expect(await trail.rows(query('which ones are missing?'))).toEqual([
    {
      topic: `${trail.topicPrefix}${taken?.event_name}`,
      partition: taken?.kafka_partition,
      kafka_offset: taken?.kafka_offset
    }
  ])
})

test('what was done to the bookkeeping is missed too', async () => {
  await trail.rows('DELETE FROM sink_duplicates')
  await trail.rows('DELETE FROM sink_quarantine')
  await trail.rows('UPDATE sink_offsets SET next_offset = next_offset + 1')
  expect(await remarks()).toEqual([
    'duplicates that are counted and not listed',
    'quarantined records that are counted and not kept',
    'rows that the ledger has and the table has not',
    'the position is not where the ledger ends'
  ])
  await expect(trail.rows('UPDATE sink_ledger SET rows = rows - 1, skipped = skipped + 1')).rejects.toMatchObject({
    code: '23001',
    table: 'sink_ledger'
  })
  await expect(trail.rows('UPDATE sink_ledger SET rows = rows + 1')).rejects.toMatchObject({
    constraint: 'sink_ledger_adds_up'
  })
})
