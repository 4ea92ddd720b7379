import { expect, test } from 'vitest'
import { createSink } from '../../../sink/index.ts'
import { eventually } from '../../support/stack.ts'
import { publisherJournal, violations } from '../../support/trail/journal.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail()
await trail.offer('badge.awarded')
const { acknowledged, publish } = publisherJournal(trail)

const everyTable = ['event_envelopes', 'sink_offsets', 'sink_ledger', 'sink_schemas']

async function storeAll(): Promise<void> {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
}

// Kafka's offsets say that all was read, and nothing new comes that could show the contrary.
test('a trail that was emptied is filled again, though nothing new arrives', async () => {
  await publish(500)
  await storeAll()
  await trail.tamper(`TRUNCATE ${everyTable.join(', ')}`)
  await storeAll()
  expect(await violations(trail, acknowledged)).toEqual([])
})

// Case 11b
test('a trail that was restored to an earlier state is filled up from there', async () => {
  await publish(300)
  await storeAll()
  for (const table of everyTable) await trail.db.query(`CREATE TABLE backup_of_${table} AS TABLE ${table}`)
  await publish(300)
  await storeAll()
  await trail.tamper(`TRUNCATE ${everyTable.join(', ')}`)
  for (const table of everyTable) await trail.db.query(`INSERT INTO ${table} SELECT * FROM backup_of_${table}`)
  await storeAll()
  expect(await violations(trail, acknowledged)).toEqual([])
})

test('offsets that Kafka has before or after those of the trail change nothing', async () => {
  const topic = `${trail.topicPrefix}badge.awarded`
  const admin = trail.kafka.kafka.admin()
  await admin.connect()
  try {
    for (const offset of ['0', '100000']) {
      await eventually(async () => (await trail.admin.groupMembers(trail.group)) === 0, { what: 'the group is empty' })
      await admin.setOffsets({
        groupId: trail.group,
        topic,
        partitions: [0, 1, 2].map(partition => ({ partition, offset }))
      })
      await publish(100)
      await storeAll()
      expect(await violations(trail, acknowledged)).toEqual([])
    }
  } finally {
    await admin.disconnect()
  }
  const [ledger] = await trail.rows('SELECT sum(skipped)::int AS skipped, sum(lost)::int AS lost FROM sink_ledger')
  expect(ledger).toEqual({ skipped: 0, lost: 0 })
})
