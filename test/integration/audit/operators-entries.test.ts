import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { beginProof } from '../../../audit/index.ts'
import { disclose, hold, release } from '../../../operations/index.ts'
import { openPool } from '../../../postgres/index.ts'
import { createBus } from '../../../producers/bus/index.ts'
import {
  checkNote,
  type EntryKind,
  type EntryOf,
  grammar,
  parseEntry,
  parseNote,
  WideTree,
  wordsDigest
} from '../../../proof/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { postgresEventStore, retryQuarantined, SchemaBook, type Signing } from '../../../trail/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { copiedLeaf } from '../../support/proof/copied-leaf.ts'
import { keyText, writeKey } from '../../support/proof/keys.ts'
import { testOrigin, testParties } from '../../support/proof/parties.ts'
import { badge, testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
const pool = openPool(trail.databaseUrl, { applicationName: 'eventtrail-test', max: 3 })
afterAll(() => pool.end())

const { root, log, operator, sink, bus, privacy } = testParties
const others = [
  { signer: sink, role: 'sink' },
  { signer: bus, role: 'bus' },
  { signer: privacy, role: 'privacy' }
] as const
const busKey = keyText(`${testOrigin}/bus-1`)

/** The entries of a kind, in their order: each has a signature that holds of the key of its role. */
async function entriesOf<Kind extends EntryKind>(kind: Kind): Promise<EntryOf<Kind>[]> {
  const rows = await trail.rows('SELECT entry FROM proof_entries WHERE kind = $1 ORDER BY number', [kind])
  return rows.map(({ entry }) => {
    const note = parseNote(entry as string)
    expect(checkNote(note, [testParties[grammar[kind].role]])).toHaveLength(1)
    return parseEntry(note.text) as unknown as EntryOf<Kind>
  })
}

const lesson = () => ({
  lesson_id: randomUUID(),
  instructor_id: randomUUID(),
  course_id: randomUUID(),
  title: 'Brüche "und" \\ Zahlen'
})
const short = (id: string): string => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')

test('a bus that has run before the proof signs from the first event on that Postgres refuses without', async () => {
  await using store = postgresEventStore(trail.connection, { proofKey: busKey })
  await using before = createBus({ catalogue, store })
  await before.publish('lesson.published', randomUUID(), lesson())
  expect(await entriesOf('bus')).toEqual([])
  await beginProof(pool, { root, log, operator, others }, trail.topicPrefix)
  await expect(before.publish('lesson.published', randomUUID(), lesson())).rejects.toMatchObject({
    code: 'STORE_FAILED',
    retryable: true
  })
  expect(await trail.count('event_envelopes')).toBe(1)
  const { id } = await before.publish('lesson.published', randomUUID(), lesson())
  const [entry] = await entriesOf('bus')
  expect(entry).toMatchObject({ seq: 0, form: 1, id: [short(id)], root: await copiedLeaf(trail.databaseUrl, id) })
})

test('an entry of the bus has the rows that its transaction stored, and no duplicate', async () => {
  await using store = postgresEventStore(trail.connection, { proofKey: busKey })
  await using publisher = createBus({ catalogue, store })
  const ids = Array.from({ length: 20 }, () => randomUUID())
  const said = (await entriesOf('bus')).length
  const [aggregateId, occurredAt, same] = [randomUUID(), new Date(), lesson()]
  const item = (id: string | undefined) => ({
    id,
    aggregateId,
    occurredAt,
    eventName: 'lesson.published',
    payload: same
  })
  await publisher.publish('lesson.published', aggregateId, same, { id: ids[0] as string, occurredAt })
  await publisher.publishAll([...ids, ids[3]].map(item) as never)
  await publisher.publishAll(ids.map(item) as never)
  const entries = (await entriesOf('bus')).slice(said)
  // The last call has stored nothing.
  expect(entries).toHaveLength(2)
  const [first, last] = entries
  expect(first?.id).toEqual([short(ids[0] as string)])
  expect(last?.id).toEqual(ids.slice(1).map(short).sort())
  const tree = new WideTree()
  for (const id of ids.slice(1).sort()) tree.append(Buffer.from(await copiedLeaf(trail.databaseUrl, id), 'base64'))
  expect(last?.root).toBe(tree.root()?.toString('base64'))
})

test('a bus without a key, or with one of another role, stores nothing', async () => {
  const before = await trail.count('event_envelopes')
  for (const [key, code] of [
    [undefined, 'PROOF_KEY_MISSING'],
    [keyText(`${testOrigin}/sink-1`), 'PROOF_KEY_REFUSED'],
    [keyText('other.example/trail/bus-1'), 'PROOF_KEY_REFUSED']
  ] as const) {
    await using store = postgresEventStore(trail.connection, key === undefined ? {} : { proofKey: key })
    await using publisher = createBus({ catalogue, store })
    const refused = publisher.publish('lesson.published', randomUUID(), lesson())
    await expect(refused).rejects.toMatchObject({ code: 'STORE_FAILED', cause: { code } })
  }
  expect(await trail.count('event_envelopes')).toBe(before)
})

const folder = mkdtempSync(join(tmpdir(), 'eventtrail-keys-'))
const keyFile = (name: string): string => writeKey(folder, `${testOrigin}/${name}`)
const signing = { signer: operator, actor: 'ada@desk', topicPrefix: trail.topicPrefix }
const topic = `${trail.topicPrefix}badge.awarded`

/** Puts a record into quarantine. @returns its number */
async function quarantined(offset: number, value: Buffer, lastOffset: number | null = null): Promise<number> {
  const [row] = await trail.rows(
    `INSERT INTO sink_quarantine (consumer_group, topic, partition, incarnation, kafka_offset, kafka_last_offset,
       kafka_timestamp, key, value, headers, code, reason, digest)
     VALUES ($1, $2, 0, 3, $3, $4, now(), 'k', $5, '[]', 'SCHEMA_UNKNOWN', 'unknown', $6) RETURNING number`,
    [trail.group, topic, offset, lastOffset, value, Buffer.alloc(32)]
  )
  return Number(row?.number)
}

/** The reason and the actor that an entry has the digest of. */
async function wordsOf({ words }: { readonly words: string }): Promise<unknown> {
  const [kept] = await trail.rows('SELECT salt, words::text AS words FROM proof_words WHERE digest = $1', [
    Buffer.from(words, 'base64')
  ])
  expect(wordsDigest(kept?.salt as Buffer, kept?.words as string)).toBe(words)
  return JSON.parse(kept?.words as string)
}

test('a record from quarantine that becomes a row has an entry in the same transaction, a duplicate its resolution', async () => {
  const { value, id } = await trail.encode(badge())
  const again = await trail.encode({ ...badge(), id })
  const [stored, other, broken] = [
    await quarantined(4711, value as Buffer),
    await quarantined(4712, value as Buffer),
    await quarantined(4713, again.value as Buffer)
  ]
  const book = new SchemaBook({ registry: trail.registry, pool })
  const retry = (number: number, by: Signing = signing) =>
    retryQuarantined(pool, book, number, trail.topicPrefix, 'the schema is there', by)
  await expect(retry(stored, { ...signing, signer: undefined })).rejects.toMatchObject({ code: 'PROOF_KEY_MISSING' })
  await expect(retry(stored, { ...signing, signer: sink })).rejects.toMatchObject({ code: 'PROOF_KEY_REFUSED' })
  expect(await retry(stored)).toMatchObject({ status: 'stored' })
  expect(await retry(other)).toMatchObject({ status: 'duplicate' })
  // Another content under the same id stays held, and needs no entry.
  expect(await retry(broken)).toMatchObject({ status: 'held', code: 'CONFLICT' })
  const [entry, ...others] = await entriesOf('retry')
  const record = { topic, partition: 0, incarnation: 3 }
  const leaf = await copiedLeaf(trail.databaseUrl, id)
  expect(entry).toMatchObject({
    ...{ seq: 0, group: trail.group, prefix: trail.topicPrefix, form: 1 },
    ...{ record: { ...record, offset: 4711 }, event: id, leaf }
  })
  expect(others).toEqual([])
  expect(await wordsOf(entry as never)).toEqual({ actor: 'ada@desk', reason: 'the schema is there' })
  expect(await entriesOf('resolution')).toMatchObject([
    { group: trail.group, record: { ...record, first: 4712, last: 4712 }, status: 'duplicate' }
  ])
})

test('a record that is given up has an entry, and so has a whole batch; without a key nothing is recorded', async () => {
  const numbers = [await quarantined(5000, Buffer.from('x')), await quarantined(5001, Buffer.from('y'), 5009)].map(
    String
  )
  const actions = await trail.count('operator_actions')
  const discard = (env = {}) =>
    runCli(['quarantine', 'discard', ...numbers, '--reason', 'not ours'], { ...trail.env, ...env })
  expect(await discard()).toMatchObject({ code: 2, stderr: expect.stringContaining('PROOF_KEY_FILE') })
  expect(await trail.count('operator_actions')).toBe(actions)
  expect(await discard({ PROOF_KEY_FILE: keyFile('operator') })).toMatchObject({ code: 0 })
  const entries = (await entriesOf('resolution')).slice(1)
  expect(entries).toMatchObject([
    { seq: 0, status: 'discarded', record: { first: 5000, last: 5000 } },
    { seq: 1, status: 'discarded', record: { first: 5001, last: 5009 } }
  ])
  expect(await wordsOf(entries[1] as never)).toMatchObject({ reason: 'not ours' })
})

test('a reset has an entry with where reading stopped and where it begins', async () => {
  await trail.offer('badge.awarded')
  await trail.rows(
    'INSERT INTO sink_offsets (consumer_group, topic, partition, next_offset, incarnation) VALUES ($1, $2, 0, 9, 3)',
    [trail.group, topic]
  )
  const reset = (env = {}) =>
    runCli(
      [
        'sink',
        'reset',
        '--event',
        'badge.awarded',
        '--partition',
        '0',
        '--to',
        'earliest',
        '--force',
        '--reason',
        'made again'
      ],
      { ...trail.env, ...env }
    )
  expect(await reset()).toMatchObject({ code: 2, stderr: expect.stringContaining('PROOF_KEY_FILE') })
  expect(await reset({ PROOF_KEY_FILE: keyFile('operator') })).toMatchObject({ code: 0 })
  const [entry, ...others] = await entriesOf('reset')
  expect(entry).toMatchObject({ group: trail.group, reset: [{ topic, partition: 0, incarnation: 4, from: 9, to: 0 }] })
  expect(others).toEqual([])
})

test('holds, releases and disclosures have the salted digest of their row, signed by the privacy key', async () => {
  const me = { actor: 'ada@desk', verified: false, via: 'cli' } as const
  const aggregateId = randomUUID()
  const scope = { month: '2026-01', aggregateId }
  const shown = (signer?: typeof privacy) =>
    disclose(
      pool,
      me,
      {
        party: 'the parent',
        purpose: 'request 7',
        basis: 'subject',
        tool: 'trail find',
        request: { limit: 1e21, b: 'é' }
      },
      // The entry is committed before anything is given.
      async () => ({
        complete: (await trail.count('proof_entries')) > 0 && (await entriesOf('disclosure')).length === 1
      }),
      signer
    )
  await expect(hold(pool, me, scope, 'case 7')).rejects.toMatchObject({ code: 'PROOF_KEY_MISSING' })
  await expect(hold(pool, me, scope, 'case 7', operator)).rejects.toMatchObject({ code: 'PROOF_KEY_REFUSED' })
  await expect(shown()).rejects.toMatchObject({ code: 'PROOF_KEY_MISSING' })
  expect(await trail.count('retention_holds')).toBe(0)
  expect(await trail.count('disclosures')).toBe(0)
  const number = await hold(pool, me, scope, 'case 7', privacy)
  await release(pool, me, number, 'closed', privacy)
  await expect(release(pool, me, number, 'closed', privacy)).rejects.toMatchObject({ code: 'HOLD_UNKNOWN' })
  const disclosed = await shown(privacy)
  expect(disclosed.complete).toBe(true)

  const time = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
  for (const [kind, of, members] of [
    [
      'hold',
      'retention_holds',
      `'number', id, 'at', ${time('at')}, 'month', month, 'event_name', event_name, 'aggregate_id', aggregate_id`
    ],
    ['release', 'retention_releases', `'number', hold, 'at', ${time('at')}`],
    [
      'disclosure',
      'disclosures',
      `'number', number, 'began_at', ${time('began_at')}, 'actor', actor, 'verified', verified, 'via', via, 'login', login,
       'process', process, 'tool', tool, 'party', party, 'purpose', purpose, 'basis', basis, 'listed', listed, 'request', request`
    ]
  ] as const) {
    // As a verifier reads it from the table.
    const [row] = await trail.rows(`SELECT salt, jsonb_build_object(${members})::text AS members FROM ${of}`)
    const [entry, ...others] = await entriesOf(kind)
    expect(entry).toMatchObject({ number: kind === 'disclosure' ? disclosed.number : number })
    expect(entry?.row, kind).toBe(wordsDigest(row?.salt as Buffer, row?.members as string))
    expect(others).toEqual([])
  }
})
