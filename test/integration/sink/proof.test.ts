import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import { quarantineDigest } from '../../../proof/index.ts'
import { createSink } from '../../../sink/index.ts'
import { testParties } from '../../support/proof/parties.ts'
import { proofFaults } from '../../support/proof/read-stretches.ts'
import { keyText, signedTrail } from '../../support/proof/signed-trail.ts'
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
