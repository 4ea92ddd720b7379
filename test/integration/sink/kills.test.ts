import { expect, test } from 'vitest'
import { violations } from '../../support/checker.ts'
import { publisherJournal } from '../../support/journal.ts'
import { startSink } from '../../support/sink-process.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'

// The full suite kills a hundred times: KILLS=100 npm test -- test/integration/sink/kills
const kills = Number(process.env.KILLS ?? 5)
const trail = await testTrail()
await trail.offer('badge.awarded')
const { acknowledged, publish, position, caughtUp } = publisherJournal(trail)

const committedToKafka = async () =>
  [
    ...(
      (await trail.admin.groupOffsets(trail.group)).get(`${trail.topicPrefix}badge.awarded`) ??
      new Map<number, number>()
    ).values()
  ].reduce((sum, offset) => sum + offset, 0)

/** Starts a sink that nobody kills, and stops it when it has stored everything. */
async function finish(): Promise<void> {
  const sink = startSink(trail)
  await caughtUp('the sink has caught up')
  await sink.stop()
}

// Case 1
test(`killed between the commit in Postgres and that in Kafka, ${kills} times`, {
  timeout: 60_000 + kills * 10_000
}, async () => {
  for (let kill = 0; kill < kills; kill += 1) {
    const before = await position()
    const sink = startSink(trail, '--linger', '0', '--max-rows', '50')
    await publish(200)
    await eventually(async () => (await position()) > before, { what: 'Postgres has committed a batch' })
    await sink.stop('SIGKILL')
    expect(await committedToKafka()).toBeLessThanOrEqual(await position())
  }
  await finish()
  expect(await violations(trail, acknowledged)).toEqual([])
})

// Case 2
test(`killed during COPY, ${kills} times: no part of a batch is visible`, {
  timeout: 60_000 + kills * 10_000
}, async () => {
  await trail.slowRows()
  for (let kill = 0; kill < kills; kill += 1) {
    const sink = startSink(trail, '--linger', '50')
    await publish(500)
    await eventually(trail.copying, { what: 'a COPY is under way', timeoutMs: 60_000 })
    await sink.stop('SIGKILL')
    await eventually(
      async () =>
        (
          await trail.rows(
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'eventtrail-sink%' AND datname = current_database() AND state <> 'idle'"
          )
        ).length === 0,
      {
        what: 'Postgres has noticed that the sink is gone'
      }
    )
    expect(await trail.count('event_envelopes')).toBe(await position())
    // What the killed ones left grows with every kill, and at a millisecond a row the next COPY would take ever longer.
    if (kill % 10 === 9) {
      await trail.fastRows()
      await finish()
      await trail.slowRows()
    }
  }
  await trail.fastRows()
  await finish()
  expect(await violations(trail, acknowledged)).toEqual([])
})

// Case 15
test('SIGTERM while starting, and in mid-batch: it exits within its deadline, with 0', async () => {
  const starting = startSink(trail)
  await eventually(() => starting.log().includes('eventtrail sink'), {
    what: 'the process is up, and joins',
    timeoutMs: 60_000
  })
  expect(await starting.stop('SIGTERM')).toBe(0)

  const busy = startSink(trail, '--linger', '0', '--max-rows', '20')
  await publish(3_000)
  const before = await position()
  await eventually(async () => (await position()) > before, { what: 'the sink is in the middle of it' })
  const began = Date.now()
  expect(await busy.stop('SIGTERM')).toBe(0)
  expect(Date.now() - began).toBeLessThan(15_000)
  await eventually(async () => (await trail.admin.groupMembers(trail.group)) === 0, {
    what: 'the group was left',
    timeoutMs: 500
  })
  // What was written is known to Kafka too: nothing is delivered again.
  expect(await committedToKafka()).toBe(await position())

  await finish()
  expect(await violations(trail, acknowledged)).toEqual([])
})
