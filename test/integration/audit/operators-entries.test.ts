import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { beginProof } from '../../../audit/index.ts'
import { openPool } from '../../../postgres/index.ts'
import { createBus } from '../../../producers/bus/index.ts'
import {
  checkNote,
  type EntryKind,
  type EntryOf,
  grammar,
  parseEntry,
  parseNote,
  WideTree
} from '../../../proof/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { postgresEventStore } from '../../../trail/index.ts'
import { copiedLeaf } from '../../support/proof/copied-leaf.ts'
import { keyText } from '../../support/proof/keys.ts'
import { testOrigin, testParties } from '../../support/proof/parties.ts'
import { testTrail } from '../../support/trail.ts'

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
    return parseEntry(note.text) as EntryOf<Kind>
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
