import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { v7 } from 'uuid'
import { afterAll } from 'vitest'
import {
  composeEntry,
  composeRow,
  type Entry,
  type EntryKind,
  type EntryOf,
  grammar,
  leafOf,
  type ProofRow,
  rowForm,
  Statement,
  type StatementLimits,
  signNote,
  WideTree
} from '../../../proof/index.ts'
import { addEntry, momentOf, sayProved } from '../../../trail/index.ts'
import { copyPieces } from '../../../trail/session/pg-rows.ts'
import { type TestTrail, testTrail } from '../trail.ts'
import type { GivenStretch } from './given-rows.ts'
import { testOrigin, testParties, testTrust } from './parties.ts'
import { sealEntries, sealedCheckpoint, writeLog } from './seal.ts'
import { storeStretches } from './store-stretches.ts'

/** What an entry says besides its head and its moment. */
type Said<Kind extends EntryKind> = Omit<
  EntryOf<Kind>,
  'kind' | 'origin' | 'writer' | 'seq' | 'previous' | 'recorded' | 'clock'
>

/**
 * A trail with the proof on, in a real Postgres: keys in memory, a `key` entry, rows with statements as sinks and the bus
 * store them, and a log in a folder. Nothing of what writes them is that of the product but its pure rules.
 */
export async function provedTrail(given?: TestTrail) {
  const trail = given ?? (await testTrail())
  const folder = mkdtempSync(join(tmpdir(), 'eventtrail-log-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const prefix = trail.topicPrefix
  await trail.rows('INSERT INTO proof_settings (origin) VALUES ($1)', [testOrigin])

  const withClient = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await trail.db.connect()
    try {
      return await work(client)
    } finally {
      client.release()
    }
  }
  const inTransaction = <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> =>
    withClient(async client => {
      await client.query('BEGIN')
      try {
        const answer = await work(client)
        await client.query('COMMIT')
        return answer
      } catch (error) {
        await client.query('ROLLBACK')
        throw error
      }
    })

  const chains = new Map<string, { writer: string; seq: number; previous: string | null }>()
  /** Adds an entry in a transaction, signed by the key of its kind's role; each role is one writer. */
  const say = async <Kind extends EntryKind>(
    client: pg.PoolClient,
    kind: Kind,
    said: Said<Kind>,
    span = false
  ): Promise<number> => {
    const { role } = grammar[kind]
    const { writer, seq, previous } = chains.get(role) ?? { writer: v7(), seq: 0, previous: null }
    const moment = await momentOf(client, Date.now())
    const { recorded, clock } = moment
    const times = span
      ? { recorded: { first: recorded, last: recorded }, clock: { first: clock, last: clock } }
      : moment
    const head = { origin: testOrigin, writer, seq, previous }
    const entry = signNote(composeEntry({ ...head, kind, ...times, ...said } as unknown as Entry), testParties[role])
    chains.set(role, { writer, seq: seq + 1, previous: createHash('sha256').update(entry).digest('base64') })
    return addEntry(client, { writer, seq, kind, entry })
  }

  const added = (['sink', 'bus', 'operator', 'privacy'] as const)
    .map(role => ({ key: testParties[role].vkey, role }))
    .sort((one, other) => (one.key < other.key ? -1 : 1))
  await inTransaction(client => say(client, 'key', { add: added, revoke: [] }))

  /** The statements of one session of a sink. @param group without the prefix */
  const writer = (group = 'sink', limits: Partial<StatementLimits> = {}, key = testParties.sink) => {
    const sign = (text: string): string => signNote(text, key)
    const place = { group: prefix + group, prefix }
    const statement = new Statement({ origin: testOrigin, writer: v7(), ...place, sign, limits })
    return {
      statement,
      store: (stretches: readonly GivenStretch[]) =>
        withClient(client => storeStretches(client, { ...place, statement }, stretches))
    }
  }
  const sink = writer()

  return {
    ...trail,
    folder,
    store: `file:${folder}`,
    trust: testTrust,
    inTransaction,
    say,
    writer,
    /** Stores stretches in one transaction of the sink of the group `sink`. */
    stored: sink.store,
    /** Stores rows of the bus, whose partition and offset are null. */
    storedByBus: (rows: readonly ProofRow[]) =>
      inTransaction(async client => {
        await sayProved(client)
        await copyPieces(client, rows.map(composeRow), rows.length)
        const sorted = [...rows].sort((one, other) => (one.id < other.id ? -1 : 1))
        const tree = new WideTree()
        tree.append(Buffer.concat(sorted.map(row => leafOf(composeRow(row)))))
        const id = rows.map(row => Buffer.from(row.id.replaceAll('-', ''), 'hex').toString('base64url')).sort()
        const root = tree.root()?.toString('base64') as string
        await say(client, 'bus', { form: rowForm, root, id }, true)
      }),
    /** Seals all entries, and writes the log. @returns its checkpoint */
    seal: async () => {
      const entries = await withClient(sealEntries)
      const checkpoint = sealedCheckpoint(entries, Math.floor(Date.now() / 1000))
      writeLog(folder, entries, checkpoint)
      await trail.rows('INSERT INTO proof_checkpoints (size, note) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
        entries.length,
        checkpoint
      ])
      return checkpoint
    }
  }
}
