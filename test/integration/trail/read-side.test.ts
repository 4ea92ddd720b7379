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
  const { stdout } = await run(process.execPath, [...nodeFlags, script, trail.databaseUrl, trail.group, '5'])
  const found = JSON.parse(stdout)
  const at = { topic: `${trail.topicPrefix}badge.awarded`, partition: 0 }
  expect(found).toMatchObject({
    positions: [{ ...at, nextOffset: 3 }],
    lags: [2],
    ledger: [{ ...at, incarnation: 1, firstOffset: 0, lastOffset: 2, rows: 2, duplicates: 0, quarantined: 1, lost: 0 }],
    faults: [],
    quarantine: [{ code: 'NOT_WIRE_FORMAT', records: 1 }]
  })
  expect(found.packages).toContain('pg')
  expect(found.packages.filter((name: string) => /kafka|avsc|registry|pino/.test(name))).toEqual([])
})
