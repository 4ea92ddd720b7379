import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { findEvents } from '../../../../operations/index.ts'
import { type AvroRecord, catalogueOf } from '../../../../schemas/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { readFieldMeanings, storeFieldMeanings } from '../../../../trail/index.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { runInProcess } from '../../../support/project/program.ts'
import { testTrail } from '../../../support/trail.ts'

const field = (name: string, type: unknown, rest: object = {}) => ({ name, type, doc: 'What it holds.', ...rest })
const catalogue = catalogueOf({
  'mark.given': [
    {
      type: 'record',
      name: 'MarkGiven',
      doc: 'A mark was given.',
      fields: [
        field('pupil', 'string'),
        field(
          'points',
          { type: 'bytes', logicalType: 'decimal', precision: 30, scale: 2 },
          { 'eventtrail.unit': 'points' }
        ),
        field('day', { type: 'int', logicalType: 'date' }),
        field('at', { type: 'long', logicalType: 'timestamp-micros' }),
        field('big', 'long')
      ]
    } as unknown as AvroRecord
  ],
  'mark.taken': [
    { type: 'record', name: 'MarkTaken', doc: 'It was taken back.', fields: [field('why', 'string')] } as AvroRecord
  ]
})
const trail = await testTrail({ partitions: 1, catalogue })
const pupil = 'pupil-4711'
const aggregate = randomUUID()
const day = 86_400_000_000n
const begin = BigInt(Date.parse('2026-03-01T12:00:00Z')) * 1_000n
const mark = (n: number, who = pupil) => ({
  eventName: 'mark.given',
  aggregateId: aggregate,
  occurredAt: begin + BigInt(n) * day + 7n,
  payload: { pupil: who, points: `${n}.50`, day: 20_000 + n, at: begin, big: 9_007_199_254_740_993n }
})

async function find(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  for (const [name, value] of Object.entries({ ...trail.env, ...env })) vi.stubEnv(name, value)
  const running = runInProcess(['trail', 'find', ...args])
  const ended = await running.ended
  return { ended, results: running.results(), printed: running.printed() }
}
interface Line {
  readonly kind: string
  readonly [name: string]: unknown
}
async function found(...args: string[]): Promise<readonly Line[]> {
  const { ended, results, printed } = await find([...args, '--json'])
  expect(ended, printed).toBe(0)
  return results
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line)
}
const events = (lines: readonly Line[]) => lines.filter(({ kind }) => kind === 'event')

afterAll(() => vi.unstubAllEnvs())
beforeAll(async () => {
  await trail.offer('mark.given')
  await trail.offer('mark.taken')
  await trail.publish([
    mark(1),
    mark(2),
    mark(3),
    mark(4, 'pupil-1'),
    { eventName: 'mark.taken', payload: { why: pupil } }
  ])
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
  await storeFieldMeanings(
    trail.db,
    new Map([['mark.given', [{ eventName: 'mark.given', path: 'pupil', meaning: 'subject' as const }]]])
  )
})

test('without the search indexes a question that reads all has a bound of time, and says so', async () => {
  const refused = await find(['--person', pupil])
  expect(refused).toMatchObject({ ended: { code: 'QUESTION_INVALID' }, results: '' })
  expect(refused.printed).toContain('eventtrail migrate --search')
  expect(refused.printed).not.toContain(pupil)
  const bounded = await find(['--person', pupil, '--from', '2026-01-01'])
  expect(bounded).toMatchObject({ ended: 0, results: expect.stringContaining('mark.given v1') })
  expect(bounded.printed).toContain('reads every row of the trail')
  expect(await runCli(['migrate', '--search'], trail.env)).toMatchObject({ code: 0 })
  expect((await find(['--person', pupil])).printed).not.toContain('reads every row')
})

test('a person is found by the fields that name one, newest first, with values as a person reads them', async () => {
  const lines = await found('--person', pupil, '--event', 'mark.given')
  expect(lines[0]).toMatchObject({ kind: 'completeness', complete: true, unknownPersons: [], quarantined: { held: 0 } })
  expect(events(lines).map(line => (line.payload as { points: number }).points)).toEqual([3.5, 2.5, 1.5])
  expect(events(lines)[0]).toMatchObject({
    aggregate_id: aggregate,
    occurred_at: '2026-03-04T12:00:00.000007Z',
    event_name: 'mark.given',
    schema_version: 1,
    kafka_partition: 0,
    units: { points: 'points' },
    payload: { pupil, day: '2024-10-07', at: '2026-03-01T12:00:00.000000Z' }
  })
  const { results } = await find(['--person', pupil, '--json'])
  expect(results).toContain('"big":9007199254740993')
  expect(results).toContain('"points":3.50')
  const shown = await find(['--person', pupil])
  expect(shown.results).toMatch(
    /pupil pupil-4711 · points 3\.50 points · day 2024-10-07 · at 2026-03-01T12:00:00\.000000Z/
  )
  // Which field of the other event names a person is not known.
  expect(shown.results).toContain('no fields.json says which field names a person in mark.taken')
})

test('questions for an aggregate, an event, a name, a time and values; pages continue where the one before ended', async () => {
  const all = events(await found('--aggregate', aggregate))
  expect(all).toHaveLength(4)
  expect(events(await found('--event-id', String(all[1]?.id)))).toEqual([all[1]])
  expect(events(await found('--event', 'mark.taken'))).toHaveLength(1)
  expect(events(await found('--aggregate', aggregate, '--from', '2026-03-03', '--to', '2026-03-04'))).toEqual([all[2]])
  const where = ['--event', 'mark.given', '--from', '2026-03-01', '--to', '2026-03-31']
  expect(events(await found(...where, '--where', 'points>=3.5', '--where', `pupil=${pupil}`))).toEqual([all[1]])
  expect(events(await found(...where, '--where', 'day=2024-10-07'))).toEqual([all[1]])
  expect(events(await found(...where, '--where', 'at<2026-03-01T12:00:00Z'))).toEqual([])
  const first = await found('--aggregate', aggregate, '--limit', '3')
  const next = first.find(({ kind }) => kind === 'next')
  const second = await found('--aggregate', aggregate, '--limit', '3', '--after', String(next?.after))
  expect([...events(first), ...events(second)]).toEqual(all)
  expect(second.some(({ kind }) => kind === 'next')).toBe(false)
})

test('who asks is recorded, with the persons whom the answer shows; no answer is given otherwise', async () => {
  await found('--aggregate', aggregate)
  const [last] = await trail.rows('SELECT * FROM disclosures ORDER BY number DESC LIMIT 1')
  expect(last).toMatchObject({ tool: 'trail find', rows: '4', complete: true, request: { aggregate, limit: 50 } })
  expect(
    await trail.rows('SELECT subject, events FROM disclosure_subjects WHERE disclosure = $1 ORDER BY 1', [last?.number])
  ).toEqual([
    { subject: 'pupil-1', events: '1' },
    { subject: pupil, events: '3' }
  ])
  const before = await trail.count('disclosures')
  const refused = await find(['--person', pupil], { DISCLOSURE_PARTY: '' })
  expect(refused).toMatchObject({ ended: { code: 'CONFIG_MISSING', misconfigured: true }, results: '' })
  expect(refused.printed).not.toContain(pupil)
  for (const wrong of [
    ['--aggregate', pupil],
    ['--person', pupil, '--where', `=${pupil}`],
    ['--person', pupil, '--from', pupil],
    ['--person', pupil, '--after', pupil]
  ]) {
    const { ended, printed } = await find(wrong)
    expect(ended).toMatchObject({ misconfigured: true })
    expect(printed).not.toContain(pupil)
  }
  expect(await trail.count('disclosures')).toBe(before)
})

test('what could be missing is said above the answer: unread, in quarantine, and a Kafka that cannot be asked', async () => {
  await trail.send([{ eventName: 'mark.given', key: 'x', value: Buffer.from('no event') }])
  {
    await using sink = createSink(trail.sinkOptions)
    await sink.start()
    await sink.whenCaughtUp()
  }
  await trail.publish([mark(9), mark(10)])
  const [line] = await found('--event', 'mark.given')
  expect(line).toMatchObject({
    complete: false,
    kafka: { asked: true, unstored: 2, halted: 0 },
    quarantined: { held: 1, discarded: 0 }
  })
  expect(line?.words).toMatch(/2 records in Kafka not stored yet; 1 record in quarantine could not be read/)
  const [ofOthers] = await found('--event', 'mark.given', '--group', 'another')
  expect(ofOthers).toMatchObject({ complete: false, topics: [], notCompared: [`${trail.topicPrefix}mark.given`] })
  const [other] = await found('--event', 'mark.taken')
  expect(other).toMatchObject({ complete: true })
  const away = await find(['--event', 'mark.taken'], { KAFKA_BROKERS: '127.0.0.1:1' })
  expect(away).toMatchObject({
    ended: 0,
    results: expect.stringContaining('Kafka was not asked for what is not stored yet')
  })
  const none = await find(['--event', 'mark.taken'], { KAFKA_BROKERS: '' })
  expect(none.results).toContain('(no brokers are configured)')
})

test('a question that takes too long, or finds more than can be sorted at once, is refused with what to do', async () => {
  const question = { person: 'many', from: '2026-01-01', where: [] }
  const meanings = await readFieldMeanings(trail.db)
  const ask = (readsAll: boolean, timeoutMs?: number) =>
    findEvents({ pool: trail.db, meanings, limit: 10, ...(timeoutMs && { timeoutMs }) }, { question, readsAll })
  const holder = await trail.db.connect()
  try {
    await holder.query('BEGIN; LOCK TABLE event_envelopes IN ACCESS EXCLUSIVE MODE')
    await expect(ask(true, 100)).rejects.toMatchObject({
      code: 'QUESTION_TOO_WIDE',
      message:
        'The question takes more than 0.1 s: narrow the time from and to, or build the search indexes with `eventtrail migrate --search`'
    })
  } finally {
    await holder.query('ROLLBACK')
    holder.release()
  }
  await trail.rows(
    `INSERT INTO event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version)
     SELECT gen_random_uuid(), gen_random_uuid(), '2026-02-01T00:00:00Z', 'mark.given', '{"pupil": "many"}', 1
     FROM generate_series(1, 20001)`
  )
  await expect(ask(false)).rejects.toMatchObject({
    code: 'QUESTION_TOO_WIDE',
    message: 'The question finds more than 20,000 events: narrow the time from and to'
  })
  // One less is a page like any other.
  await trail.tamper(
    'DELETE FROM event_envelopes WHERE id = (SELECT id FROM event_envelopes WHERE payload = \'{"pupil": "many"}\' LIMIT 1)'
  )
  expect((await ask(false)).events).toHaveLength(10)
})
