import { afterAll, expect, test } from 'vitest'
import type { KafkaRecord } from '../../../kafka/index.ts'
import { batchOf, refusedChunk, writerOn } from '../../support/batches.ts'
import { runCli } from '../../support/cli.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail()
const { writer, begin } = writerOn(trail)
afterAll(() => writer.close())

const record = (offset: number, facts: Partial<KafkaRecord> = {}): KafkaRecord => ({
  offset,
  key: Buffer.from('key'),
  value: Buffer.from('no envelope'),
  headers: [],
  timestamp: 1_700_000_000_000,
  ...facts
})
const refusal = { code: 'NOT_WIRE_FORMAT', reason: 'it is no envelope' } as const

test('a batch of the log that is kept as one is counted, listed and shown with all its offsets', async () => {
  const topic = `${trail.topicPrefix}ranges`
  await begin(topic)
  const chunk = refusedChunk(topic, 0, [
    { offset: 1, refusal, record: record(1) },
    { offset: 2, lastOffset: 41, refusal, record: record(2, { key: null, value: Buffer.from('all of it') }) }
  ])
  expect(await writer.write(batchOf([chunk]))).toMatchObject({
    quarantined: 41,
    refusals: new Map([['NOT_WIRE_FORMAT', 41]])
  })
  const held = await trail.rows(
    'SELECT kafka_offset, kafka_last_offset, value FROM sink_quarantine WHERE topic = $1 ORDER BY number',
    [topic]
  )
  expect(held).toMatchObject([
    { kafka_offset: '1', kafka_last_offset: null },
    { kafka_offset: '2', kafka_last_offset: '41', value: Buffer.from('all of it') }
  ])
  expect(
    await trail.rows('SELECT quarantined, skipped, last_offset FROM sink_ledger WHERE topic = $1', [topic])
  ).toEqual([{ quarantined: '41', skipped: '1', last_offset: '41' }])

  const listed = await runCli(['quarantine', 'list', '--topic', topic], trail.env)
  expect(listed).toMatchObject({ code: 0, stderr: expect.stringContaining('NOT_WIRE_FORMAT 41') })
  const [, batch] = listed.stdout.trim().split('\n')
  expect(batch).toContain(`${topic}/0@2-41`)
  const number = String(batch?.split('\t')[0])
  const shown = await runCli(['quarantine', 'show', number], trail.env)
  expect(JSON.parse(shown.stdout)).toMatchObject({ offset: 2, lastOffset: 41, key: null })
})

test('a batch that is kept as one is not retried: it says why, and may be discarded', async () => {
  const [batch] = await trail.rows('SELECT number FROM sink_quarantine WHERE kafka_last_offset IS NOT NULL')
  const number = String(batch?.number)
  const retried = await runCli(['quarantine', 'retry', number], trail.env)
  expect(retried).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('whole batch of the log') })
  const all = await runCli(['quarantine', 'retry', '--code', 'NOT_WIRE_FORMAT'], trail.env)
  expect(all).toMatchObject({ code: 1, stdout: '0 stored, 0 duplicates, 2 still held\n' })
  const discarded = await runCli(['quarantine', 'discard', number, '--reason', 'sent again'], trail.env)
  expect(discarded).toMatchObject({ code: 0, stdout: expect.stringContaining('@2-41') })
})
