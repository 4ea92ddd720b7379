import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import { createConsumerGroup } from '../../../../consumers/index.ts'
import { partitionFor } from '../../../../kafka/index.ts'
import { createProducer } from '../../../../producers/index.ts'
import { catalogue, type Events } from '../../../../schemas/catalogue/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { pythonWith } from '../../../support/processes/python.ts'
import { testTrail } from '../../../support/trail.ts'

const script = fileURLToPath(new URL('../../../fixtures/foreign_producer.py', import.meta.url))
const python = await pythonWith({ confluent_kafka: 'confluent-kafka', avro: 'avro' })
const trail = await testTrail()
await trail.offer('quiz.submitted')
const topic = `${trail.topicPrefix}quiz.submitted`

test('a quiz that a Python service publishes is stored like ours, and our consumer reads it', async () => {
  const ours = { id: v7(), aggregate: randomUUID() }
  const theirs = { id: v7(), aggregate: randomUUID() }
  const payload = { submission_id: randomUUID(), student_id: randomUUID(), quiz_id: randomUUID(), score_raw: 87.3 }
  const occurredAt = 1_772_443_800_123_456n

  await using producer = createProducer({ connection: trail.connection, topicPrefix: trail.topicPrefix, catalogue })
  await producer.publish('quiz.submitted', ours.aggregate, payload, { id: ours.id, occurredAt })
  const published = JSON.parse(
    await python.run(
      script,
      JSON.stringify({
        brokers: trail.brokers.join(','),
        registry: trail.registryUrl,
        topic,
        key: theirs.aggregate,
        envelope: {
          id: theirs.id,
          aggregate_id: theirs.aggregate,
          occurred_at: Number(occurredAt),
          event_name: 'quiz.submitted',
          payload
        }
      })
    )
  )
  expect(published).toMatchObject({ schema_version: 1, partition: partitionFor(theirs.aggregate, 3) })

  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  const [rowOfOurs, rowOfTheirs] = await Promise.all([ours, theirs].map(each => storedRow(each.id)))
  expect(rowOfOurs).toMatchObject({ aggregate_id: ours.aggregate, at: '2026-03-02 09:30:00.123456' })
  expect(rowOfTheirs).toEqual({ ...rowOfOurs, id: theirs.id, aggregate_id: theirs.aggregate })
  expect(rowOfTheirs?.score).toBe('87.3')
  expect(
    await trail.rows('SELECT kafka_partition, kafka_offset FROM event_envelopes WHERE id = $1', [theirs.id])
  ).toEqual([{ kafka_partition: published.partition, kafka_offset: String(published.offset) }])
  expect(await trail.count('sink_quarantine')).toBe(0)

  const read: { id: string; score: number; source: string | undefined }[] = []
  await using group = createConsumerGroup<Events>({
    ...trail.sinkOptions,
    group: 'readers',
    catalogue,
    handlers: {
      'quiz.submitted': ({ id, payload: { score_raw } }, { headers }) =>
        void read.push({ id, score: score_raw, source: headers.source })
    }
  })
  await group.start()
  await group.whenCaughtUp()
  expect(read).toContainEqual({ id: theirs.id, score: 87.3, source: 'grading' })
  expect(read).toHaveLength(2)
})

/** The six columns, with the time to its microsecond and the score as it is written. */
async function storedRow(id: string) {
  const [row] = await trail.rows(
    `SELECT id, aggregate_id, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS at, event_name,
       payload, payload ->> 'score_raw' AS score, schema_version
     FROM event_envelopes WHERE id = $1`,
    [id]
  )
  return row
}
