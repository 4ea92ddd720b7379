import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createSink } from '../../../sink/index.ts'
import { nodeFlags } from '../../support/processes/node-flags.ts'
import { badge, testTrail } from '../../support/trail.ts'

const run = promisify(execFile)
const script = fileURLToPath(new URL('../../support/processes/read-trail.ts', import.meta.url))

const trail = await testTrail({ partitions: 1 })
await trail.offer('badge.awarded')

test('a trail is read with pg alone: positions, ledger, faults, quarantine and lag', async () => {
  await trail.publish([badge('one'), badge('two')])
  await trail.send([{ eventName: 'badge.awarded', key: 'none', value: Buffer.from('no envelope') }])
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  await trail.rows('UPDATE sink_offsets SET halted = $1', ['TOO_MANY_BAD'])
  await trail.rows(
    `INSERT INTO sink_gaps (consumer_group, topic, partition, incarnation, first_offset, last_offset, reason, accepted_at)
     SELECT consumer_group, topic, partition, incarnation, 900, 904, 'removed', now() FROM sink_offsets`
  )
  // A batch of the log that is kept as one; the ledger has counted one record.
  await trail.rows('UPDATE sink_quarantine SET kafka_last_offset = kafka_offset + 2')
  const { stdout } = await run(process.execPath, [...nodeFlags, script, trail.databaseUrl, trail.group, '5'])
  const found = JSON.parse(stdout)
  const at = { topic: `${trail.topicPrefix}badge.awarded`, partition: 0 }
  expect(found).toMatchObject({
    positions: [{ ...at, nextOffset: 3 }],
    lags: [2],
    ledger: [{ ...at, incarnation: 1, firstOffset: 0, lastOffset: 2, rows: 2, duplicates: 0, quarantined: 1, lost: 0 }],
    quarantine: [{ code: 'NOT_WIRE_FORMAT', records: 3 }],
    halted: [{ ...at, group: trail.group, halted: 'TOO_MANY_BAD' }],
    topics: [[trail.group, [at.topic]]],
    sums: {
      gaps: { gaps: 1, offsets: 5 },
      quarantine: [{ group: trail.group, status: 'held', records: 3 }],
      ofOthers: []
    }
  })
  expect(found.faults.length).toBeGreaterThan(0)
  for (const { what, records } of found.sums.faults) {
    const alike = found.faults.filter((fault: { what: string }) => fault.what === what)
    expect(records).toBe(alike.reduce((sum: number, fault: { records: number }) => sum + fault.records, 0))
  }
  expect(found.sums.faults).toHaveLength(new Set(found.faults.map(({ what }: { what: string }) => what)).size)
  expect(found.packages).toContain('pg')
  expect(found.packages.filter((name: string) => /kafka|avsc|registry|pino/.test(name))).toEqual([])
})
