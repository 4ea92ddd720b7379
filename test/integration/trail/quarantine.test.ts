import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { wire } from '../../support/kafka/wire.ts'
import { runCli } from '../../support/processes/cli.ts'
import { badge, lesson, quiz, testTrail } from '../../support/trail.ts'

const trail = await testTrail()
await trail.offer('badge.awarded')
await trail.offer('quiz.submitted')
const topic = (name: string) => trail.topicPrefix + name

const quarantine = (...args: string[]) => runCli(['quarantine', ...args], trail.env)
const lines = (text: string) => text.trim().split('\n').filter(Boolean)
const json = (text: string) => lines(text).map(line => JSON.parse(line) as Record<string, unknown>)

/** Rows, duplicates and records in quarantine, as the ledger has them and as the tables do. */
async function books() {
  const [ledger] = await trail.rows(
    'SELECT sum(rows)::int AS rows, sum(duplicates)::int AS duplicates, sum(quarantined)::int AS quarantined FROM sink_ledger'
  )
  const [stored] = await trail.rows("SELECT count(*)::int AS n FROM sink_quarantine WHERE status = 'stored'")
  return { ledger, rows: await trail.count('event_envelopes'), storedLater: Number(stored?.n) }
}

beforeAll(async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  const good = await trail.encode(badge('first'))
  const conflicting = await trail.encode({ ...badge('other'), id: good.id })
  await trail.send([{ ...good, partition: 0 }])
  await sink.whenCaughtUp()
  await trail.send([
    {
      eventName: 'badge.awarded',
      key: 'k',
      value: Buffer.from('ada@example.org'),
      partition: 0,
      headers: { source: 'légère' }
    },
    { eventName: 'badge.awarded', key: 'k', value: wire(1_999_999_999, Buffer.alloc(9)), partition: 0 },
    { ...conflicting, partition: 0 },
    { eventName: 'quiz.submitted', key: null, value: (await trail.encode(quiz())).value, partition: 0 }
  ])
  await sink.whenCaughtUp()
})

test('list shows what is held, the oldest first, by topic, code and status, and never content', async () => {
  const all = await quarantine('list', '--json')
  expect(all).toMatchObject({ code: 0, stderr: '' })
  expect(json(all.stdout).map(({ code }) => code)).toEqual(
    expect.arrayContaining(['NOT_WIRE_FORMAT', 'SCHEMA_UNKNOWN', 'CONFLICT', 'NULL_KEY'])
  )
  expect(json(all.stdout)).toHaveLength(4)
  expect(all.stdout).not.toContain('ada@')
  expect(all.stdout).not.toContain(Buffer.from('ada@example.org').toString('base64'))
  const numbers = json(all.stdout).map(({ number }) => Number(number))
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b))

  expect(json((await quarantine('list', '--json', '--topic', topic('quiz.submitted'))).stdout)).toMatchObject([
    { code: 'NULL_KEY' }
  ])
  expect(json((await quarantine('list', '--json', '--code', 'CONFLICT')).stdout)).toMatchObject([{ status: 'held' }])
  expect(json((await quarantine('list', '--json', '--limit', '2')).stdout)).toHaveLength(2)
  const none = await quarantine('list', '--status', 'discarded')
  expect(none).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('nothing found') })
  const [line] = lines((await quarantine('list', '--code', 'CONFLICT')).stdout)
  expect(line?.split('\t')).toHaveLength(7)
})

test('list finds a code beyond its limit, and says how many there are in all and of each code', async () => {
  const codes = json((await quarantine('list', '--json')).stdout).map(({ code }) => String(code))
  const last = await quarantine('list', '--code', String(codes.at(-1)), '--limit', '1')
  expect(lines(last.stdout)).toHaveLength(1)
  expect(last.stderr).not.toContain('shown')

  const cut = await quarantine('list', '--limit', '2')
  expect(lines(cut.stdout)).toHaveLength(2)
  expect(cut.stderr).toContain('2 of 4 shown: --limit N shows more\n')
  expect(cut.stderr).toContain(
    `by code: ${[...codes]
      .sort()
      .map(code => `${code} 1`)
      .join(', ')}\n`
  )
  expect((await quarantine('list', '--limit', '2', '--json')).stderr).toBe('2 of 4 shown: --limit N shows more\n')

  const none = await quarantine('list', '--code', 'NULL_VALUE')
  expect(none).toMatchObject({ code: 0, stdout: '' })
  expect(none.stderr).toContain('nothing found; of every topic and code there are: CONFLICT 1, ')
})

test('retry and discard of what nothing matches say so, as list does', async () => {
  const before = await trail.rows('SELECT * FROM sink_quarantine ORDER BY number')
  const there = 'nothing found; of every topic and code there are: CONFLICT 1, '
  for (const filter of [
    ['--code', 'nope'],
    ['--event', 'nope'],
    ['--code', 'CONFLICT', '--event', 'quiz.submitted']
  ]) {
    expect(await quarantine('retry', ...filter, '--reason', 'r')).toMatchObject({
      code: 0,
      stdout: '0 stored, 0 duplicates, 0 still held\n',
      stderr: expect.stringContaining(there)
    })
    expect(await quarantine('discard', ...filter, '--reason', 'r')).toMatchObject({
      code: 0,
      stdout: '0 discarded\n',
      stderr: expect.stringContaining(there)
    })
  }
  expect(await trail.rows('SELECT * FROM sink_quarantine ORDER BY number')).toEqual(before)
})

test('show gives the record whole', async () => {
  const shown = await quarantine('show', String(await numberOf('NOT_WIRE_FORMAT')))
  expect(shown.code).toBe(0)
  expect(JSON.parse(shown.stdout)).toMatchObject({
    topic: topic('badge.awarded'),
    partition: 0,
    key: Buffer.from('k').toString('base64'),
    value: Buffer.from('ada@example.org').toString('base64'),
    headers: [{ key: 'source', value: Buffer.from('légère').toString('base64') }],
    status: 'held',
    resolvedAt: null,
    purgedAt: null
  })
  expect(JSON.parse((await quarantine('show', String(await numberOf('NULL_KEY')))).stdout)).toMatchObject({ key: null })
})

test('retry of what still cannot be stored leaves it held, says so, and exits with 1', async () => {
  const number = await numberOf('CONFLICT')
  const again = await quarantine('retry', String(number), '--reason', 'tried by J.')
  expect(again.code).toBe(1)
  expect(again.stdout).toContain(`${number}\theld`)
  expect((await entry(number)).resolution).toBe('tried by J.')
  // What proves the record has the code that it came with, whatever a retry finds later.
  expect(await entry(number)).toMatchObject({ code: 'CONFLICT', first_code: null })
  await trail.tamper("UPDATE sink_quarantine SET code = 'UNREADABLE' WHERE number = $1", [number])
  for (const _ of [1, 2]) await quarantine('retry', String(number), '--reason', 'tried by J.')
  expect(await entry(number)).toMatchObject({ code: 'CONFLICT', first_code: 'UNREADABLE' })
  const unknown = await quarantine('retry', String(await numberOf('SCHEMA_UNKNOWN')), '--reason', 'r')
  expect(unknown).toMatchObject({ code: 1, stdout: expect.stringContaining('SCHEMA_UNKNOWN') })
})

test('retry with another prefix than the topic has is refused, and changes nothing', async () => {
  const number = await numberOf('CONFLICT')
  const before = await entry(number)
  const wrong = await quarantine('retry', String(number), '--prefix', 'elsewhere.', '--reason', 'r')
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('TOPIC_PREFIX') })
  expect(await entry(number)).toEqual(before)
})

test('of several numbers none is touched unless all are held, and each is taken once', async () => {
  const number = String(await numberOf('CONFLICT'))
  const before = await entry(Number(number))
  for (const given of [
    ['discard', number, '999999', '--reason', 'r'],
    ['retry', number, '999999', '--reason', 'n']
  ]) {
    const refused = await quarantine(...given)
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('no number 999999') })
    expect(await entry(Number(number))).toEqual(before)
  }
  const twice = await quarantine('retry', number, number, '--reason', 'r')
  expect(twice.code).toBe(1)
  expect(lines(twice.stdout)).toHaveLength(1)

  const [first, second] = await spare(2)
  const gone = await quarantine('discard', String(second), String(second), String(first), '--reason', 'r')
  expect(gone).toMatchObject({ code: 0, stderr: '' })
  expect(lines(gone.stdout).map(line => line.split('\t').slice(0, 2))).toEqual([
    [String(second), 'discarded'],
    [String(first), 'discarded']
  ])
  const late = await quarantine('discard', number, String(first), '--reason', 'r')
  expect(late).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('no longer held') })
  expect((await entry(Number(number))).status).toBe('held')
  await trail.rows('DELETE FROM sink_quarantine WHERE number = ANY($1)', [[first, second]])
})

test('retry stores a record once its schema is registered; ledger and table stay explainable', async () => {
  // Published with the schema of a version that the registry learns only later.
  const late = catalogue.version('lesson.published', 1)
  await trail.makeTopic('lesson.published')
  await trail.register(catalogue.version('lesson.published', 2))
  const id = randomUUID()
  const aggregateId = randomUUID()
  const body = late.type.toBuffer({
    id,
    aggregate_id: aggregateId,
    occurred_at: 1_700_000_000_000_000n,
    event_name: 'lesson.published',
    payload: lesson('', 1).payload,
    schema_version: 2
  })
  const { id: schemaId } = await trail.registry.register(
    `elsewhere.${trail.topicPrefix}lesson.published-value`,
    late.envelope
  )
  await trail.send([{ eventName: 'lesson.published', key: aggregateId, value: wire(schemaId, body), partition: 1 }])
  {
    await using sink = createSink(trail.sinkOptions)
    await sink.start()
    await sink.whenCaughtUp()
  }
  const number = await numberOf('SCHEMA_NOT_OF_SUBJECT')
  const before = await books()

  await trail.register(late)
  const stored = await quarantine('retry', String(number), '--reason', 'schema registered by J.')
  expect(stored).toMatchObject({ code: 0, stdout: expect.stringContaining(`${number}\tstored`) })
  expect(await entry(number)).toMatchObject({
    status: 'stored',
    resolution: 'schema registered by J.',
    resolved_at: expect.any(Date)
  })
  expect(
    await trail.rows(
      'SELECT aggregate_id, schema_version, kafka_partition, kafka_offset FROM event_envelopes WHERE id = $1',
      [id]
    )
  ).toEqual([{ aggregate_id: aggregateId, schema_version: 2, kafka_partition: 1, kafka_offset: '0' }])

  // The ledger says what happened when it happened; what was stored later is in the quarantine's own words.
  const after = await books()
  expect(after.ledger).toEqual(before.ledger)
  expect(after.rows).toBe(before.rows + 1)
  expect(after.rows).toBe(Number(after.ledger?.rows) + after.storedLater)
  expect(await quarantine('retry', String(number), '--reason', 'r')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no longer held, it is stored')
  })
})

test('retry of an envelope that is stored by now is a duplicate', async () => {
  const sent = await trail.encode(badge('twice'))
  await trail.send([{ ...sent, key: null, partition: 2 }])
  {
    await using sink = createSink(trail.sinkOptions)
    await sink.start()
    await sink.whenCaughtUp()
    await trail.send([{ ...sent, partition: 2 }])
    await sink.whenCaughtUp()
  }
  // Its key is put right by hand: what a retry can fix is the trail's side of it.
  const [held] = await trail.rows("SELECT number FROM sink_quarantine WHERE code = 'NULL_KEY' AND topic = $1", [
    topic('badge.awarded')
  ])
  await trail.rows('UPDATE sink_quarantine SET key = $2 WHERE number = $1', [
    held?.number,
    Buffer.from(String(sent.key))
  ])
  const retried = await quarantine('retry', String(held?.number), '--reason', 'r')
  expect(retried).toMatchObject({ code: 0, stdout: expect.stringContaining('\tduplicate\t') })
})

test('discard needs a reason, keeps the bytes, and is final', async () => {
  const number = await numberOf('NOT_WIRE_FORMAT')
  expect(await quarantine('discard', String(number))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--reason')
  })
  const given = await quarantine('discard', String(number), '--reason', 'test data, agreed with J.')
  expect(given).toMatchObject({ code: 0, stdout: expect.stringContaining(`${number}\tdiscarded`) })
  const kept = await entry(number)
  expect(kept).toMatchObject({ status: 'discarded', resolution: 'test data, agreed with J.' })
  expect((kept.value as Buffer).toString()).toBe('ada@example.org')
  expect((await quarantine('discard', String(number), '--reason', 'again')).code).toBe(2)
  expect(json((await quarantine('list', '--json', '--status', 'discarded')).stdout)).toHaveLength(1)
})

test('retry and discard take all that match, through more than one batch, and count them', async () => {
  const many = 1_100
  const bare = { eventName: 'quiz.submitted', key: 'k', value: null, partition: 0 }
  await trail.send(Array.from({ length: many }, () => bare))
  {
    await using sink = createSink({ ...trail.sinkOptions, breakerRecords: 0 })
    await sink.start()
    await sink.whenCaughtUp()
  }
  const others = "SELECT number, status, resolution FROM sink_quarantine WHERE code <> 'NULL_VALUE' ORDER BY number"
  const before = await trail.rows(others)
  const found = await quarantine('list', '--code', 'NULL_VALUE', '--event', 'quiz.submitted')
  expect(found.stderr).toContain('100 of 1,100 shown: --limit N shows more\nby code: NULL_VALUE 1,100\n')

  const retried = await quarantine('retry', '--code', 'NULL_VALUE', '--reason', 'all of them')
  expect(retried).toMatchObject({ code: 1, stdout: '0 stored, 0 duplicates, 1,100 still held\n' })
  const elsewhere = await quarantine('discard', '--code', 'NULL_VALUE', '--event', 'badge.awarded', '--reason', 'r')
  expect(elsewhere).toMatchObject({ code: 0, stdout: '0 discarded\n' })
  const ofThem = () =>
    trail.rows(
      `SELECT status, resolution, resolved_at IS NULL AS open, count(*)::int AS n FROM sink_quarantine
       WHERE code = 'NULL_VALUE' GROUP BY 1, 2, 3`
    )
  expect(await ofThem()).toEqual([{ status: 'held', resolution: 'all of them', open: true, n: many }])

  const ofTopic = ['--code', 'NULL_VALUE', '--topic', topic('quiz.submitted')]
  expect((await quarantine('discard', ...ofTopic)).stderr).toContain('--reason')
  const discarded = await quarantine('discard', ...ofTopic, '--reason', 'agreed with J.')
  expect(discarded).toMatchObject({ code: 0, stdout: '1,100 discarded\n' })
  expect(await ofThem()).toEqual([{ status: 'discarded', resolution: 'agreed with J.', open: false, n: many }])
  expect(await trail.rows(others)).toEqual(before)
})

test('a number that is none, or not there, is a mistake of the caller', async () => {
  for (const args of [
    ['show', '999999'],
    ['show', 'x'],
    ['retry', '0'],
    ['retry'],
    ['retry', '1', '--code', 'CONFLICT'],
    ['discard', '--reason', 'r'],
    ['list', '--topic', 'a', '--event', 'b'],
    ['discard', '1.5', '--reason', 'r'],
    ['list', '--status', 'new'],
    ['list', '--limit', '0'],
    ['show']
  ]) {
    const refused = await quarantine(...args)
    expect([args.join(' '), refused.code]).toEqual([args.join(' '), 2])
    expect(refused.stderr).toMatch(/\S/)
  }
})

async function numberOf(code: string): Promise<number> {
  const [held] = await trail.rows(
    "SELECT number FROM sink_quarantine WHERE code = $1 AND status = 'held' ORDER BY number",
    [code]
  )
  return Number(held?.number)
}

/** Puts copies of a record into quarantine, at offsets that no topic has. */
async function spare(count: number): Promise<number[]> {
  const made = await trail.rows(
    `INSERT INTO sink_quarantine (consumer_group, topic, partition, incarnation, kafka_offset, kafka_timestamp, headers, code, reason)
     SELECT consumer_group, topic, partition, incarnation, 1000000 + i, kafka_timestamp, headers, 'NULL_VALUE', 'spare'
     FROM sink_quarantine, generate_series(1, $1::int) i WHERE code = 'CONFLICT' RETURNING number`,
    [count]
  )
  return made.map(({ number }) => Number(number))
}

async function entry(number: number): Promise<Record<string, unknown>> {
  const [row] = await trail.rows('SELECT * FROM sink_quarantine WHERE number = $1', [number])
  return row ?? {}
}
