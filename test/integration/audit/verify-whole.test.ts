import { randomBytes, randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { afterAll, expect, test } from 'vitest'
import { dropMonth, requireMonth } from '../../../operations/index.ts'
import { openPool } from '../../../postgres/index.ts'
import { createBus } from '../../../producers/bus/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { postgresEventStore } from '../../../trail/index.ts'
import { logTrust, sealing } from '../../support/audit/sealing.ts'
import { runCli } from '../../support/processes/cli.ts'
import { keyText } from '../../support/proof/keys.ts'
import { testOrigin, testParties } from '../../support/proof/parties.ts'
import { provedTrail } from '../../support/proof/proved-trail.ts'
import { verifierOf } from '../../support/trail/proof-verifier.ts'
import { badge, lesson, quiz, testTrail } from '../../support/trail.ts'
import { idIn } from '../operations/retention/old-events.ts'

const trail = await provedTrail(await testTrail({ partitions: 2 }))
const { sealer, place, openPlace, keyFile, trustFile } = sealing(trail.databaseUrl)
const folder = place()
const { verify, fresh } = verifierOf({ ...trail, store: `file:${folder}`, trust: logTrust })
const sealed = sealer([await openPlace(folder)], { staleMs: 0 })
afterAll(() => sealed.close())
const pool = openPool(trail.databaseUrl, { applicationName: 'eventtrail-test', max: 3 })
afterAll(() => pool.end())

const proofKey = keyText(`${testOrigin}/sink-1`)
const operatorEnv = { ...trail.env, PROOF_KEY_FILE: keyFile(`${testOrigin}/operator`) }
const run = (...words: string[]) => runCli([...words, '--reason', 'a test'], operatorEnv)
const badgeTopic = `${trail.topicPrefix}badge.awarded`
const old = (n: number) => ({ ...badge(), id: idIn('2026-01', n), aggregateId: randomUUID() })

/** What a sink of a group stores until it has caught up. */
async function stored(group?: string): Promise<void> {
  await using sink = createSink({ ...trail.sinkOptions, proofKey, ...(group !== undefined && { group }) })
  await sink.start()
  await sink.whenCaughtUp()
}

test('what sinks, buses and operators have done together is verified without a finding', async () => {
  for (const eventName of ['badge.awarded', 'quiz.submitted']) await trail.offer(eventName)
  const twice = { ...badge(), id: v7(), aggregateId: randomUUID(), occurredAt: 1_700_000_000_000_000n }
  await trail.publish([...Array.from({ length: 200 }, () => badge('é "quoted" \\ 🦉')), twice])
  await trail.publish(Array.from({ length: 100 }, (_, index) => quiz(index / 7)))
  await trail.publish(Array.from({ length: 20 }, (_, n) => old(n)))
  await trail.send(
    [1, 2].map(() => ({ eventName: 'badge.awarded', value: Buffer.from('garbage'), headers: { a: '1' } }))
  )
  await stored()
  await trail.publish([twice, { ...twice, payload: badge('another').payload }, badge(), old(30)])
  await stored()
  // Another group finds all of it in the trail already, and is first with what comes next.
  await trail.publish([badge(), quiz()])
  await stored('others')
  await stored()

  await using store = postgresEventStore(trail.connection, { proofKey: keyText(`${testOrigin}/bus-1`) })
  await using bus = createBus({ catalogue, store })
  for (let n = 0; n < 5; n += 1) await bus.publish('lesson.published', randomUUID(), lesson().payload as never)
  await sealed.round()

  const records = await trail.rows('SELECT number FROM sink_quarantine ORDER BY number')
  const numbers = records.map(({ number }) => String(number))
  expect(numbers.length).toBeGreaterThan(2)
  expect((await run('quarantine', 'discard', numbers[0] as string)).code).toBe(0)
  expect((await run('quarantine', 'retry', numbers[1] as string)).code).toBe(1)
  expect((await run('quarantine', 'purge', '--older-than', '0')).code).toBe(0)
  expect(
    (await run('sink', 'reset', '--event', 'quiz.submitted', '--partition', '0', '--to', 'earliest', '--force')).code
  ).toBe(0)
  await stored()
  await sealed.round()
  await dropMonth(
    {
      ...{ pool, now: new Date(), onProgress: () => undefined, signal: new AbortController().signal },
      signing: { signer: testParties.operator, actor: 'ada@desk', topicPrefix: trail.topicPrefix }
    },
    { actor: 'ada@desk', verified: false, via: 'cli' },
    { month: requireMonth('2026-01'), reason: 'two years, as agreed' }
  )
  await sealed.round()
  const { verified, found } = await verify()
  expect(found).toEqual([])
  expect(verified).toMatchObject({ unsealed: 0, rows: { before: 0, added: 0, untrusted: 0, unsealed: 0 } })
  expect(verified?.rows.proved).toBe(await trail.count('event_envelopes'))
  expect([...(verified?.entries.keys() ?? [])].sort()).toEqual([
    'batch',
    'bus',
    'key',
    'reset',
    'resolution',
    'retention'
  ])
})

test('what is stored, and changed, before it is sealed is seen as well', async () => {
  await trail.publish([badge(), badge()])
  await stored()
  const { verified, found } = await verify()
  expect(found).toEqual([])
  expect(verified).toMatchObject({ rows: { unsealed: 2 } })
  await trail.tamper(
    "UPDATE event_envelopes SET actor = 'user:x' WHERE id = (SELECT id FROM event_envelopes ORDER BY recorded_at DESC LIMIT 1)"
  )
  expect(await fresh()).toEqual([
    expect.stringMatching(new RegExp(`^ROWS_CHANGED {2}${badgeTopic}/\\d, offset.*not sealed yet`))
  ])
  const [row] = await trail.rows("SELECT id, kafka_offset FROM event_envelopes WHERE actor = 'user:x'")
  const flags = ['--store', `file:${folder}`, '--trust', trustFile]
  // A login that may only read, and a trail without its own copy of the schemas.
  await trail.tamper('DELETE FROM sink_schemas')
  const reader = `r${randomBytes(4).toString('hex')}`
  await trail.rows(`CREATE ROLE ${reader} LOGIN PASSWORD 'pw' IN ROLE pg_read_all_data`)
  const url = Object.assign(new URL(trail.databaseUrl), { username: reader, password: 'pw' }).href
  const compared = await runCli(['proof', 'verify', '--kafka', ...flags], { ...trail.env, DATABASE_URL: url })
  await trail.rows(`DROP ROLE ${reader}`)
  expect(compared.stdout).toContain(`; offset ${row?.kafka_offset} (event ${row?.id}) is not what Kafka has\n`)
  expect(await trail.count('sink_schemas')).toBe(0)
  await trail.tamper('DELETE FROM sink_duplicates WHERE ctid = (SELECT min(ctid) FROM sink_duplicates)')
  expect(await fresh()).toEqual([expect.stringMatching(/^LIST_CHANGED {2}/)])
})

test('rows that are deleted with their statements before they are sealed are stored again; once sealed, that is found', async () => {
  await sealed.round()
  await fresh()
  for (const table of ['sink_offsets', 'sink_ledger']) await trail.rows(`CREATE TABLE kept_${table} AS TABLE ${table}`)
  const [before] = await trail.rows('SELECT max(number) AS number, now() AS at FROM proof_entries')
  const putBack = async () => {
    await trail.tamper('DELETE FROM event_envelopes WHERE recorded_at > $1', [before?.at])
    await trail.tamper('DELETE FROM proof_entries WHERE number > $1', [before?.number])
    for (const table of ['sink_offsets', 'sink_ledger'])
      await trail.tamper(`DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM kept_${table}`)
  }
  const count = await trail.count('event_envelopes')
  await trail.publish(Array.from({ length: 20 }, () => badge()))
  await stored()
  await putBack()
  expect(await trail.count('event_envelopes')).toBe(count)
  await stored()
  await sealed.round()
  expect(await fresh()).toEqual([])
  expect(await trail.count('event_envelopes')).toBe(count + 20)
  // No sink reads again what Kafka no longer has.
  await putBack()
  expect(await fresh()).toEqual(
    expect.arrayContaining(['LOG_ROLLED_BACK', 'ROW_MISSING'].map(code => expect.stringContaining(code)))
  )
})
