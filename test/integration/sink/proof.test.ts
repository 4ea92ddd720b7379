import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import { beginProof, fillKeyFolder } from '../../../audit/index.ts'
import { parseEntry, parseNote, quarantineDigest } from '../../../proof/index.ts'
import { createSink } from '../../../sink/index.ts'
import { resetPartition } from '../../../trail/index.ts'
import { testOrigin, testParties } from '../../support/proof/parties.ts'
import { proofFaults } from '../../support/proof/sinks/read-stretches.ts'
import { keyText, signedTrail } from '../../support/proof/sinks/signed-trail.ts'
import { eventually } from '../../support/stack.ts'
import { badge, quiz, testTrail } from '../../support/trail.ts'

const trail = await signedTrail(await testTrail({ partitions: 2 }))
await trail.offer('badge.awarded')
await trail.offer('quiz.submitted')

interface KeptRecord {
  readonly kafka_timestamp: Date
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
  readonly digest: Buffer
}

const garbage = (text: string) => ({
  eventName: 'badge.awarded',
  value: Buffer.from(text),
  headers: { one: 'a', two: '' }
})
const entries = () => trail.rows("SELECT * FROM proof_entries WHERE kind = 'batch' ORDER BY number")

test('rows, duplicates, conflicts and bad records are in exactly one stretch each, as Postgres gives them back', async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  const twice = { ...badge(), id: v7(), aggregateId: randomUUID(), occurredAt: 1_700_000_000_000_000n }
  await trail.publish(Array.from({ length: 300 }, () => badge('é "quoted" \\ 🦉')))
  await trail.publish(Array.from({ length: 300 }, (_, index) => quiz(index / 7)))
  await trail.publish([twice])
  await trail.send([garbage('one'), garbage('two')])
  await trail.publish([
    twice,
    { ...twice, payload: badge('another').payload },
    { ...badge('U+0000 \u0000'), unchecked: true },
    badge()
  ])
  await sink.whenCaughtUp()
  expect(await proofFaults(trail)).toEqual([])
  expect(await trail.count('event_envelopes')).toBe(602)
  expect(await trail.count('sink_duplicates')).toBe(1)
  expect(await trail.count('sink_quarantine')).toBe(4)
  for (const record of await trail.rows('SELECT * FROM sink_quarantine')) {
    const { kafka_timestamp, key, value, headers, digest } = record as unknown as KeptRecord
    const timestamp = BigInt(kafka_timestamp.getTime())
    const pairs = JSON.stringify(headers.map(header => [header.key, header.value]))
    expect(digest).toEqual(quarantineDigest({ timestamp, key, value, headers: pairs }))
  }
  await sink.drain()
  expect((await entries()).map(({ open }) => open)).not.toContain(true)
})

test('a statement that is sealed while it is open is followed by another one', async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await trail.publish([badge()])
  await sink.whenCaughtUp()
  const before = (await entries()).length
  await trail.rows('UPDATE proof_entries SET open = false, log_index = number WHERE log_index IS NULL')
  await trail.publish([badge()])
  await sink.whenCaughtUp()
  expect((await entries()).length).toBe(before + 1)
  expect(await proofFaults(trail)).toEqual([])
})

test('offsets that Kafka lost, and those of another incarnation, are in stretches of their own', async () => {
  const { group, topicPrefix, admin, db } = trail
  const [topic, partition] = [`${topicPrefix}badge.awarded`, 0]
  const end = async () => (await admin.ranges(topic)).find(each => each.partition === partition)?.end ?? 0
  const publish = async () =>
    trail.send(
      (await Promise.all([badge(), badge(), badge()].map(event => trail.encode(event)))).map(record => ({
        ...record,
        partition
      }))
    )
  await publish()
  const kafka = trail.kafka.kafka.admin()
  await kafka.connect()
  await kafka.fetchTopicOffsets(topic)
  await kafka.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(await end()) }] })
  await kafka.disconnect()
  const start = await end()
  await publish()
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  expect(await trail.rows('SELECT first_offset::int AS first, last_offset::int AS last FROM sink_gaps')).toEqual([
    { first: start - 3, last: start - 1 }
  ])
  expect(await proofFaults(trail)).toEqual([])
  const signing = { signer: testParties.operator, actor: 'test@here', topicPrefix }
  const request = { group, topic, partition, to: 'earliest', reason: 'read again', force: true, signing } as const
  await resetPartition(db, request, { partition, start, end: await end() })
  await publish()
  const known = () => trail.rows('SELECT 1 FROM sink_duplicates WHERE incarnation = 2')
  await eventually(async () => (await known()).length === 3, { what: 'the log is read again' })
  await sink.whenCaughtUp()
  expect(await proofFaults(trail)).toEqual([])
})

test('the proof is turned on while sinks run: one with a key continues, one without waits until it is replaced', async () => {
  const { sinkOptions, ...other } = await testTrail({ partitions: 1 })
  await other.offer('badge.awarded')
  const folder = mkdtempSync(join(tmpdir(), 'eventtrail-keys-'))
  const { keys } = fillKeyFolder(folder, testOrigin)
  const { root, log, operator } = keys
  const sink = keys['sink-1'].signer
  const signers = {
    root: root.signer,
    log: log.signer,
    operator: operator.signer,
    others: [{ signer: sink, role: 'sink' as const }]
  }
  await using early = createSink({ ...sinkOptions, proofKey: { file: keys['sink-1'].path } })
  await using without = createSink({ ...sinkOptions, group: 'without' })
  await Promise.all([early.start(), without.start()])
  rmSync(folder, { recursive: true })
  await other.publish([badge()])
  await Promise.all([early.whenCaughtUp(), without.whenCaughtUp()])
  await beginProof(other.db, signers, other.topicPrefix)
  await other.publish([badge()])
  await early.whenCaughtUp()
  const [entry, ...more] = await other.rows("SELECT entry FROM proof_entries WHERE kind = 'batch'")
  expect(more).toEqual([])
  expect(parseEntry(parseNote(String(entry?.entry)).text)).toMatchObject({ stretch: [{ first: 1, last: 1, rows: 1 }] })
  await eventually(() => without.health().notReady.some(reason => reason.includes('PROOF_KEY_FILE')), {
    what: 'the sink says that it has no key'
  })
  expect(without.state).toBe('running')
  await without.close()
  expect(await other.rows('SELECT DISTINCT consumer_group AS group FROM sink_duplicates')).toHaveLength(1)
  expect(await other.count('event_envelopes')).toBe(2)
})

test('a sink without a key does not start, nor one with a key of another role', async () => {
  const { proofKey: _, ...withoutKey } = trail.sinkOptions
  const refused = (proofKey: string | undefined) =>
    createSink({ ...withoutKey, ...(proofKey !== undefined && { proofKey }) })
      .start()
      .catch(error => error)
  expect(await refused(undefined)).toMatchObject({ code: 'PROOF_KEY_MISSING', misconfigured: true })
  expect(await refused(keyText(testParties.operator))).toMatchObject({ code: 'PROOF_KEY_REFUSED' })
})

test('a value that a trigger changes is not what was signed', async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await trail.rows(`CREATE FUNCTION other_payload() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.payload := NEW.payload || '{"reason": "other"}'; RETURN NEW; END $$`)
  await trail.rows(
    'CREATE TRIGGER other_payload BEFORE INSERT ON event_envelopes FOR EACH ROW EXECUTE FUNCTION other_payload()'
  )
  await trail.publish([badge()])
  await sink.whenCaughtUp()
  expect(await proofFaults(trail)).toEqual([expect.stringMatching(/has another root than its rows$/)])
})
