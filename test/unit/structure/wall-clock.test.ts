import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../../', import.meta.url)

/** Where the wall clock is read, how often, and what date it makes. All else waits and measures by `performance.now()`. */
const dates: Readonly<Record<string, readonly [times: number, why: string]>> = {
  'core/clock.ts': [1, 'the one of the Clock interface that says so'],
  'kafka/kafkajs/patches/quiet-timers.ts': [2, 'it is compared with times of kafkajs, which steady-clock.ts keeps'],
  'kafka/kafkajs/patches/steady-clock.ts': [1, 'what kafkajs keeps is compared with it'],
  'kafka/kafkajs/member/vitals.ts': [
    3,
    'a lease ends by whichever clock says so first: the monotonic one may stand still in a sleeping machine'
  ],
  'producers/ids.ts': [1, 'the time in a UUID of version 7'],
  'operations/doctor/doctor.ts': [
    2,
    'the month of today; how long a transaction has been open by the time that its producer wrote'
  ],
  'consumers/group-control.ts': [1, 'when a report was written, for those who read it'],
  'control/identity.ts': [1, 'since when a member has been there'],
  'operations/groups/actions.ts': [1, 'when a pause was ordered'],
  'operations/groups/kafka-side.ts': [2, 'reports of the last seconds and the age of records, by the times in the log'],
  'operations/groups/replay/find.ts': [1, 'the age of the oldest record, by its time in the log'],
  'audit/bundle/export.ts': [1, 'when a bundle was written'],
  'audit/watch/watch.ts': [1, 'how old a record is by its time in the log'],
  'cli/commands/operate.ts': [1, 'the month of today'],
  'cli/retention/command.ts': [1, 'the month of today'],
  'cli/trail/export/command.ts': [1, 'when a file was exported, on its receipt'],
  'cli/notifier/test-delivery.ts': [1, 'the time in the header of a webhook that is a test'],
  'consumers/indexer/opensearch/put-many.ts': [1, 'when the end of a document was written'],
  'consumers/indexer/opensearch/remove-ends.ts': [1, 'which ends were written days ago'],
  'consumers/notifier/deliveries/webhook-channel.ts': [1, 'the time in the header of a webhook'],
  'consumers/notifier/webhooks/sender.ts': [1, 'what is left until a date in the header Retry-After'],
  'sink/sink.ts': [1, 'the month of today'],
  'sink/telemetry.ts': [1, 'how old a record is by the time that its producer wrote']
}

const notShipped = new Set(['bin', 'dev', 'dist', 'docs', 'examples', 'node_modules', 'test'])

function* sources(folder = ''): Generator<string> {
  for (const entry of readdirSync(new URL(folder, root), { withFileTypes: true })) {
    const path = folder + entry.name
    if (entry.isDirectory()) {
      if (!entry.name.startsWith('.') && !(folder === '' && notShipped.has(entry.name))) yield* sources(`${path}/`)
    } else if (entry.name.endsWith('.ts')) yield path
  }
}

test('the wall clock is read for dates alone: no wait, deadline or age may depend on it', () => {
  const found: Record<string, number> = {}
  for (const path of sources()) {
    const code = readFileSync(new URL(path, root), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    const times = code.match(/\bDate\.now\b|\bnew Date\(\)|\bDate\(\)/g)?.length ?? 0
    if (times > 0) found[path] = times
  }
  expect(found).toEqual(Object.fromEntries(Object.entries(dates).map(([path, [times]]) => [path, times])))
})
