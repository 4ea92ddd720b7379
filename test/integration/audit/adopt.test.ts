import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { adopt } from '../../../audit/index.ts'
import { openPool } from '../../../postgres/index.ts'
import { createBus } from '../../../producers/bus/index.ts'
import { type EntryOf, parseEntry, parseNote, parseSigner } from '../../../proof/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { postgresEventStore } from '../../../trail/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { testOrigin } from '../../support/proof/parties.ts'
import { badge, lesson, testTrail } from '../../support/trail.ts'
import { idIn } from '../operations/retention/old-events.ts'

const trail = await testTrail({ partitions: 2 })
await trail.offer('lesson.published')
await trail.offer('badge.awarded')
const pool = openPool(trail.databaseUrl, { applicationName: 'eventtrail-test', max: 4 })
afterAll(() => pool.end())

const keys = mkdtempSync(join(tmpdir(), 'eventtrail-keys-'))
const log = mkdtempSync(join(tmpdir(), 'eventtrail-log-'))
const keyOf = (name: string): string => join(keys, `${name}.key`)
const proof = (command: string, key = 'operator', ...flags: string[]) =>
  runCli(['proof', command, ...flags], {
    ...trail.env,
    PROOF_STORE: `file:${log}`,
    PROOF_TRUST: join(keys, 'trust.txt'),
    PROOF_KEY_FILE: keyOf(key)
  })
/** Every fourth event is of a month that has ended. */
const publish = (count: number) =>
  trail.publish(
    Array.from({ length: count }, (_, index) => ({
      ...(index % 3 === 0 ? badge() : lesson()),
      ...(index % 4 === 0 && { id: idIn('2026-01', index) })
    }))
  )
/** Lets a sink store all that Kafka has. */
async function store(proofKey?: string): Promise<void> {
  await using sink = createSink({
    ...trail.sinkOptions,
    ...(proofKey !== undefined && { proofKey: { file: proofKey } })
  })
  await sink.start()
  await sink.whenCaughtUp()
}
const adopted = async () =>
  (await trail.rows("SELECT entry FROM proof_entries WHERE kind = 'adopted' ORDER BY number")).map(
    ({ entry }) => parseEntry(parseNote(entry as string).text) as EntryOf<'adopted'>
  )

test('rows of before the proof are adopted while a sink stores others; it continues, and a verifier knows them', async () => {
  await publish(60)
  await store()
  const lessonOf = () => ({ ...(lesson().payload as Record<string, string>), title: 'Fractions' })
  await using bus = createBus({ catalogue, store: postgresEventStore(trail.connection) })
  for (let n = 0; n < 5; n += 1) await bus.publish('lesson.published', randomUUID(), lessonOf() as never)
  expect(await runCli(['proof', 'init', '--origin', testOrigin, '--keys', keys], trail.env)).toMatchObject({ code: 1 })
  expect(await proof('adopt')).toMatchObject({ code: 2, stderr: expect.stringContaining('proof init') })
  expect(await runCli(['proof', 'init', '--origin', testOrigin, '--keys', keys], trail.env)).toMatchObject({ code: 0 })
  await publish(30)
  const storing = store(keyOf('sink-1'))
  // Interrupted after its first scan.
  const interrupt = new AbortController()
  const begun = await adopt(
    {
      pool,
      signer: parseSigner(readFileSync(keyOf('operator'), 'utf8')),
      ...{ group: trail.group, topicPrefix: trail.topicPrefix },
      onProgress: words => /^[1-9]\d* of/.test(words) && interrupt.abort(),
      signal: interrupt.signal,
      rowsAtOnce: 1
    },
    { actor: 'ada@desk', verified: false, via: 'code' }
  )
  expect(begun).toMatchObject({ complete: false, entries: 1, doubled: 0 })
  await storing
  const rest = await proof('adopt', 'operator', '--json')
  expect(rest).toMatchObject({ code: 0 })
  expect(JSON.parse(rest.stdout)).toMatchObject({ rows: 65 - begun.rows, doubled: 0, complete: true })
  // Nothing is adopted twice.
  expect(JSON.parse((await proof('adopt', 'operator', '--json')).stdout)).toMatchObject({ rows: 0, entries: 0 })
  const entries = await adopted()
  const blocks = entries.flatMap(({ block }) => block)
  expect(blocks.map(({ event, partition }) => `${event}/${partition}`)).toEqual([
    ...[0, 1].map(partition => `badge.awarded/${partition}`),
    ...[0, 1].map(partition => `lesson.published/${partition}`)
  ])
  expect(blocks.reduce((sum, { rows }) => sum + rows, 0)).toBe(60)
  expect(entries.flatMap(({ bus: each }) => each)).toMatchObject([{ rows: 5 }])
  expect(entries[0]?.position).toHaveLength(4)

  expect(await proof('checkpoint', 'log', '--once')).toMatchObject({ code: 0 })
  const clean = await proof('verify')
  expect(clean.code, clean.stdout + clean.stderr).toBe(0)
})

test('a month with adopted rows and others goes; what stays is verified, and a leaf that is taken away is found', async () => {
  const drop = ['retention', 'drop', '2026-01', '--yes', '--reason', 'two years']
  const before = await trail.count('event_envelopes')
  expect(await runCli(drop, trail.env)).toMatchObject({ code: 2, stderr: expect.stringContaining('PROOF_KEY_FILE') })
  const dropped = await runCli(drop, { ...trail.env, PROOF_KEY_FILE: keyOf('operator') })
  expect(dropped.code, dropped.stderr).toBe(0)
  expect(await trail.count('event_envelopes')).toBe(before - 23)
  // Each block and each stretch has rows of other months too.
  expect(await trail.count('proof_kept')).toBe(23)
  expect(await proof('checkpoint', 'log', '--once')).toMatchObject({ code: 0 })
  const clean = await proof('verify')
  expect(clean.code, clean.stdout + clean.stderr).toBe(0)
  const [kept] = await trail.rows(
    'DELETE FROM proof_kept WHERE kafka_offset = (SELECT max(kafka_offset) FROM proof_kept) RETURNING *'
  )
  expect((await proof('verify')).stdout).toContain('KEPT_CHANGED')
  await trail.rows('INSERT INTO proof_kept SELECT * FROM json_populate_record(NULL::proof_kept, $1)', [
    JSON.stringify({ ...kept, leaf: `\\x${(kept?.leaf as Buffer).toString('hex')}` })
  ])
})

test('a change to a row that was adopted is found, as is one to a row of the bus', async () => {
  await trail.tamper(
    `UPDATE event_envelopes SET payload = '{}' WHERE id = (SELECT id FROM event_envelopes WHERE event_name = 'badge.awarded'
       AND kafka_partition = 1 ORDER BY kafka_offset LIMIT 1)`
  )
  await trail.tamper(
    "UPDATE event_envelopes SET actor = 'eve' WHERE id = (SELECT max(id::text)::uuid FROM event_envelopes WHERE kafka_offset IS NULL)"
  )
  const found = await proof('verify')
  expect(found.code).toBe(1)
  expect(found.stdout.match(/ROWS_CHANGED/g), found.stdout).toHaveLength(2)
  expect(found.stdout).toMatch(/ROWS_CHANGED.*badge.awarded\/1/)
})
