import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { loadCatalogue } from '../../../../schemas/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { wire } from '../../../support/kafka/wire.ts'
import { anyText } from '../../../support/properties.ts'
import { badge, lesson, quiz, testTrail } from '../../../support/trail.ts'

const probes = await loadCatalogue(fileURLToPath(new URL('../../../fixtures/schemas', import.meta.url)))
const trail = await testTrail()
await trail.offer('lesson.published')
await trail.offer('quiz.submitted')
await trail.offer('badge.awarded')
await trail.offer('probe.sent', probes)

/** Sends the records, lets a sink store them, and says what is held in quarantine since. */
async function sinkTakes(records: Parameters<typeof trail.send>[0]) {
  const [before] = await trail.rows('SELECT coalesce(max(number), 0)::int AS n FROM sink_quarantine')
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await trail.send(records)
  await sink.whenCaughtUp()
  return trail.rows('SELECT * FROM sink_quarantine WHERE number > $1 ORDER BY number', [before?.n])
}

const probe = (payload: object) => ({
  eventName: 'probe.sent',
  unchecked: true,
  payload: {
    float: 0,
    double: 0,
    long: 0n,
    tags: {},
    list: [],
    kind: 'UNKNOWN',
    bytes: Buffer.alloc(0),
    amount: '0.00',
    ...payload
  }
})

// Case 16
test('U+0000 in one payload of 1,000: 999 rows, one quarantined with its bytes', async () => {
  const before = await trail.count('event_envelopes')
  const good = await Promise.all(Array.from({ length: 999 }, (_, i) => trail.encode(badge(`reason ${i}`))))
  const bad = await trail.encode({ ...badge('a\u0000b'), unchecked: true })
  const held = await sinkTakes([...good.slice(0, 500), bad, ...good.slice(500)])
  expect(await trail.count('event_envelopes')).toBe(before + 999)
  expect(held).toHaveLength(1)
  expect(held[0]).toMatchObject({ code: 'POSTGRES_REFUSED', event_id: bad.id, status: 'held' })
  expect((held[0]?.value as Buffer).equals(bad.value as Buffer)).toBe(true)
  expect(held[0]?.reason).toContain('22P05')
})

// Case 16
test('a lone surrogate and bytes that are no UTF-8 are quarantined, never replaced', async () => {
  const good = await trail.encode({ ...badge('good @ text'), unchecked: true })
  const broken = Buffer.from(good.value as Buffer)
  // CESU-8 of a lone surrogate, in the place of ' @ '
  Buffer.from([0xed, 0xa0, 0x80]).copy(broken, broken.indexOf(' @ '))
  const [held] = await sinkTakes([{ ...good, value: broken }])
  expect(held).toMatchObject({ code: 'DECODE_FAILED' })
  expect((held?.value as Buffer).equals(broken)).toBe(true)
})

// Case 17
test('numbers keep their digits, -0 is 0, and what JSON cannot hold is quarantined', async () => {
  const exact = await trail.encode(
    probe({ text: 'exact', float: 87.3, double: 0.1, long: 9_223_372_036_854_775_807n }),
    probes
  )
  const negative = await trail.encode(
    probe({ text: 'negative', float: -0, double: -0, long: -9_007_199_254_740_993n }),
    probes
  )
  const refused = await Promise.all(
    [{ float: NaN }, { float: Infinity }, { double: -Infinity }, { double: NaN }].map(value =>
      trail.encode(probe({ text: 'no', ...value }), probes)
    )
  )
  const held = await sinkTakes([exact, negative, ...refused])
  expect(held.map(({ code }) => code)).toEqual(Array(4).fill('NUMBER_NOT_FINITE'))
  const texts = await trail.rows(
    `SELECT payload ->> 'float' AS f, payload ->> 'double' AS d, payload ->> 'long' AS l FROM event_envelopes WHERE id = ANY($1) ORDER BY payload ->> 'text'`,
    [[exact.id, negative.id]]
  )
  expect(texts).toEqual([
    { f: '87.3', d: '0.1', l: '9223372036854775807' },
    { f: '0', d: '0', l: '-9007199254740993' }
  ])
})

// Case 18
test('a time out of range and ids that are no UUID are quarantined', async () => {
  const base = { ...lesson(), unchecked: true }
  const bad = await Promise.all([
    trail.encode({ ...base, occurredAt: -1n }),
    trail.encode({ ...base, occurredAt: 9_223_372_036_854_775_807n }),
    trail.encode({ ...base, occurredAt: 253_402_300_800_000_000n }),
    trail.encode({ ...base, id: 'not-a-uuid' }),
    trail.encode({ ...base, aggregateId: '' })
  ])
  const good = await trail.encode(lesson('After them'))
  const held = await sinkTakes([...bad.map(record => ({ ...record, partition: 0 })), { ...good, partition: 0 }])
  expect(held.map(({ code }) => code)).toEqual([
    'OCCURRED_AT_OUT_OF_RANGE',
    'OCCURRED_AT_OUT_OF_RANGE',
    'OCCURRED_AT_OUT_OF_RANGE',
    'ID_INVALID',
    'AGGREGATE_ID_INVALID'
  ])
  expect(await trail.rows('SELECT 1 AS there FROM event_envelopes WHERE id = $1', [good.id])).toHaveLength(1)
})

// Case 19: text() makes every kind of character, the list below those that COPY and JSON give a meaning.
test('every text comes back as it was, 10,000 of them', async () => {
  const meaningful = [
    '\t',
    '\n',
    '\r',
    '\\',
    '\\N',
    '\\.',
    '"',
    "'",
    '\u{1f600}',
    '\u2028',
    '\ufffd',
    '\u0001',
    '\u007f',
    '{',
    '$1',
    '\\\\n'
  ]
  const piece = fc.oneof(
    fc.constantFrom(...meaningful),
    anyText({ maxLength: 6 }),
    fc.string({ unit: 'grapheme', maxLength: 6 })
  )
  const text = fc.array(piece, { maxLength: 8 }).map(pieces => pieces.join('').replaceAll('\u0000', '').toWellFormed())
  const texts = fc.sample(fc.tuple(text, text, text), { numRuns: 10_000, seed: 19 })
  const sent = new Map<string, { text: string; list: string; tags: Record<string, string> }>()
  const records = []
  for (const [one, two, three] of texts) {
    const record = await trail.encode(probe({ text: one, list: [two], tags: { [two]: three } }), probes)
    sent.set(record.id, { text: one, list: two, tags: { [two]: three } })
    records.push(record)
  }
  const held = await sinkTakes(records)
  expect(held).toEqual([])
  const stored = await trail.rows(`SELECT id, payload FROM event_envelopes WHERE id = ANY($1)`, [[...sent.keys()]])
  expect(stored).toHaveLength(10_000)
  for (const { id, payload } of stored) {
    const { text, list, tags } = payload as { text: string; list: string[]; tags: Record<string, string> }
    expect({ text, list: list[0], tags }).toEqual(sent.get(String(id)))
  }
})

// Case 20
test('values that are no envelopes are quarantined whole, and the consumer continues', async () => {
  const good = await trail.encode(quiz())
  const value = good.value as Buffer
  const key = randomUUID()
  const name = 'quiz.submitted'
  const wrongMagic = Buffer.from(value)
  wrongMagic[0] = 7
  const records = [
    ...[0, 1, 2, 3, 4].map(length => ({ eventName: name, key, value: value.subarray(0, length) })),
    { eventName: name, key, value: wrongMagic },
    { eventName: name, key, value: null },
    { eventName: name, key: null, value },
    { eventName: name, key, value: value.subarray(0, value.length - 3) },
    { eventName: name, key, value: Buffer.concat([value, Buffer.from('more')]) }
  ]
  const after = await trail.encode(quiz())
  const held = await sinkTakes(
    [...records, after].map(record => ({ ...record, partition: 1, headers: { source: 'elsewhere' } }))
  )
  expect(held.map(({ code }) => code)).toEqual([
    ...Array(6).fill('NOT_WIRE_FORMAT'),
    'NULL_VALUE',
    'NULL_KEY',
    'DECODE_FAILED',
    'DECODE_FAILED'
  ])
  expect(held.map(entry => (entry.value === null ? null : (entry.value as Buffer).toString('hex')))).toEqual(
    records.map(record => record.value?.toString('hex') ?? null)
  )
  expect(held[0]?.headers).toEqual([{ key: 'source', value: Buffer.from('elsewhere').toString('base64') }])
  expect(await trail.rows('SELECT id FROM event_envelopes WHERE id = $1', [after.id])).toHaveLength(1)
})

// Case 23 and the registry's word on versions
test('a schema id of another event, an unknown one and a false version are quarantined', async () => {
  const score = await trail.encode(quiz())
  const { id: otherId } = await trail.register(catalogue.version('badge.awarded'))
  const { id: quizId } = await trail.register(catalogue.version('quiz.submitted'))
  const body = (score.value as Buffer).subarray(5)
  const lying = catalogue.version('quiz.submitted').type.toBuffer({
    id: randomUUID(),
    aggregate_id: randomUUID(),
    occurred_at: 1_700_000_000_000_000n,
    event_name: 'quiz.submitted',
    payload: quiz().payload,
    schema_version: 7
  })
  const held = await sinkTakes(
    [wire(otherId, body), wire(2_000_000_000, body), wire(quizId, lying)].map(value => ({
      eventName: 'quiz.submitted',
      key: randomUUID(),
      value,
      partition: 2
    }))
  )
  expect(held.map(({ code }) => code)).toEqual(['NOT_AN_ENVELOPE', 'SCHEMA_UNKNOWN', 'SCHEMA_VERSION_MISMATCH'])
})

test('the ledger counts each of them', async () => {
  const [ledger] = await trail.rows(
    'SELECT sum(rows)::int AS rows, sum(quarantined)::int AS quarantined, sum(duplicates)::int AS duplicates, sum(skipped)::int AS skipped FROM sink_ledger'
  )
  expect(ledger).toEqual({
    rows: await trail.count('event_envelopes'),
    quarantined: await trail.count('sink_quarantine'),
    duplicates: 0,
    skipped: 0
  })
  expect(await trail.count('sink_ledger_holes')).toBe(0)
})
