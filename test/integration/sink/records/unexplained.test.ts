import { beforeEach, expect, test } from 'vitest'
import { createSink } from '../../../../sink/index.ts'
import { batchOf, refusedChunk, writerOn } from '../../../support/kafka/batches.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, quiz, type TestEvent, testTrail } from '../../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
for (const name of ['badge.awarded', 'quiz.submitted']) await trail.offer(name)

/** From now on Postgres fails on rows for which the condition holds, as it does unexpectedly. */
async function failOn(condition: string, sqlState: string, table = 'event_envelopes'): Promise<void> {
  await trail.rows(`CREATE OR REPLACE FUNCTION fail_on() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF ${condition} THEN RAISE EXCEPTION USING ERRCODE = '${sqlState}'; END IF; RETURN NEW; END $$`)
  await trail.rows(`CREATE TRIGGER fail_on BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION fail_on()`)
}

const lanes = { ...trail.sinkOptions, connections: 1 }
const idsOf = (records: readonly { id: string }[]) => records.map(({ id }) => id).sort()
const stored = async () => (await trail.rows('SELECT id FROM event_envelopes')).map(({ id }) => String(id)).sort()
const bad = (score = 66.25): Omit<TestEvent, 'aggregateId'> => quiz(score)

beforeEach(async () => {
  for (const table of ['event_envelopes', 'sink_quarantine']) {
    await trail.rows(`DROP TRIGGER IF EXISTS fail_on ON ${table}`)
  }
  await trail.tamper('DELETE FROM event_envelopes')
})

test('a record on which each write fails for an unknown reason is quarantined, and all others are stored', async () => {
  await failOn(`NEW.payload ->> 'score_raw' = '66.25'`, 'XX000')
  const quizzes = await Promise.all(Array.from({ length: 40 }, (_, number) => trail.encode(quiz(number))))
  const culprits = await Promise.all([trail.encode(bad()), trail.encode(bad())])
  const badges = await Promise.all(Array.from({ length: 20 }, () => trail.encode(badge())))
  await using sink = createSink(lanes)
  await sink.start()
  await trail.send([...quizzes.slice(0, 7), culprits[0], ...quizzes.slice(7, 30), culprits[1], ...quizzes.slice(30)])
  await trail.send(badges)
  await sink.whenCaughtUp()
  expect(await stored()).toEqual(idsOf([...quizzes, ...badges]))
  const held = await trail.rows('SELECT code, event_id, reason, value FROM sink_quarantine ORDER BY number')
  expect(held).toMatchObject(culprits.map(({ id, value }) => ({ code: 'WRITE_FAILED', event_id: id, value })))
  expect(held[0]?.reason).toContain('XX000')
  expect(await trail.count('sink_ledger_holes')).toBe(0)
  expect(sink.state).toBe('running')
})

test('where every row of a topic fails no record is blamed: it waits, and events of another topic are stored', async () => {
  const before = await trail.count('sink_quarantine')
  await failOn(`NEW.event_name LIKE '%quiz.submitted'`, 'XX000')
  await using sink = createSink(lanes)
  await sink.start()
  const quizzes = await trail.publish([quiz(), quiz()])
  await eventually(async () => sink.stats().retries >= 3, { what: 'the write fails' })
  for (let round = 0; round < 2; round += 1) {
    const [one] = await trail.publish([badge()])
    await eventually(async () => (await stored()).includes(String(one?.id)), {
      what: 'an event of another topic is stored',
      timeoutMs: 30_000
    })
  }
  await trail.rows('DROP TRIGGER fail_on ON event_envelopes')
  await sink.whenCaughtUp()
  expect(await stored()).toEqual(expect.arrayContaining(idsOf(quizzes)))
  expect(await trail.count('sink_quarantine')).toBe(before)
})

test.each(['53100', 'XX001'])('a server in trouble (%s) quarantines nothing', async sqlState => {
  const before = await trail.count('sink_quarantine')
  await failOn(`NEW.payload ->> 'score_raw' = '66.25'`, sqlState)
  await using sink = createSink(lanes)
  await sink.start()
  const records = await trail.publish([quiz(), bad(), quiz()])
  await eventually(async () => sink.stats().retries >= 7, { what: 'the same batch is tried again', timeoutMs: 60_000 })
  expect(await trail.count('sink_quarantine')).toBe(before)
  await trail.rows('DROP TRIGGER fail_on ON event_envelopes')
  await sink.whenCaughtUp()
  expect(await stored()).toEqual(idsOf(records))
  expect(await trail.count('sink_quarantine')).toBe(before)
})

test('an entry of the quarantine that cannot be written is kept without its bytes', async () => {
  const topic = `${trail.topicPrefix}aside`
  const { writer, begin } = writerOn(trail)
  await begin(topic)
  await failOn(`NEW.topic = '${topic}' AND NEW.value = '\\x02'`, 'XX000', 'sink_quarantine')
  const fault = { code: 'NOT_WIRE_FORMAT', reason: 'it is no envelope' } as const
  const refused = [1, 2, 3].map((byte, offset) => ({
    offset,
    fault,
    record: { offset, key: null, value: Buffer.of(byte), headers: [], timestamp: 0 }
  }))
  const batch = batchOf([refusedChunk(topic, 0, refused)])
  await expect(writer.write(batch)).rejects.toMatchObject({ code: 'XX000' })
  await writer.write(batch, { isolate: true })
  await writer.close()
  const held = await trail.rows('SELECT code, value, reason FROM sink_quarantine WHERE topic = $1 ORDER BY number', [
    topic
  ])
  expect(held).toMatchObject([
    { code: 'NOT_WIRE_FORMAT', value: Buffer.of(1) },
    { code: 'UNKEEPABLE', value: null, reason: expect.stringContaining('XX000') },
    { code: 'NOT_WIRE_FORMAT', value: Buffer.of(3) }
  ])
})
