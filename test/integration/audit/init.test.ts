import { chmodSync, mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { beginProof, fillKeyFolder, readKeyFile } from '../../../audit/index.ts'
import { openPool } from '../../../postgres/index.ts'
import { checkNote, parseEntry, parseNote, parseTrust } from '../../../proof/index.ts'
import { inTransaction, postgresEventStore, proverOf, sayProved } from '../../../trail/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { testTrail } from '../../support/trail.ts'

const origin = 'school.example/trail'
const trail = await testTrail({ partitions: 1 })
const pool = openPool(trail.databaseUrl, { applicationName: 'eventtrail-test', max: 3 })
afterAll(() => pool.end())

const folder = mkdtempSync(join(tmpdir(), 'eventtrail-keys-'))
const init = (...flags: string[]) =>
  runCli(['proof', 'init', '--origin', origin, '--keys', join(folder, 'keys'), ...flags], trail.env)
const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)

const ledger = `INSERT INTO sink_ledger (consumer_group, topic, partition, incarnation, hour, first_offset, last_offset,
    rows, duplicates, quarantined, skipped, lost)
  VALUES ('g', 't', 0, 1, date_trunc('hour', now()), 0, 0, 0, 0, 0, 1, 0)`

test('the proof begins with keys, an entry that root has signed, and the positions of then', async () => {
  const topic = `${trail.topicPrefix}badge.awarded`
  await trail.rows(
    `INSERT INTO sink_offsets (consumer_group, topic, partition, next_offset, incarnation)
     VALUES ($1, $2, 0, 4711, 2), ($1, $2, 1, 0, 1)`,
    [trail.group, topic]
  )
  // Keys first: sinks are given theirs, and restarted.
  const first = await init('--keys-only', '--json')
  expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('PROOF_KEY_FILE') })
  const files = linesOf(first.stdout)
  expect(files.map(({ name }) => name)).toEqual([
    ...['root', '', 'sink-1', 'bus-1', 'operator', 'privacy'].map(key => (key === '' ? origin : `${origin}/${key}`)),
    undefined
  ])
  const keyFiles = files.slice(0, -1).map(({ path }) => path as string)
  for (const path of keyFiles) expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(await trail.count('proof_settings')).toBe(0)

  const on = linesOf((await init('--json')).stdout)
  expect(on.map(({ made }) => made)).toEqual([...files.map(() => false), undefined])
  expect(on.at(-1)).toEqual({ kind: 'proof', origin, on: true, begun: true, positions: 2 })
  const again = await init()
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('proved already') })

  const trust = parseTrust(readFileSync(join(folder, 'keys', 'trust.txt'), 'utf8'))
  const entries = await trail.rows('SELECT kind, entry FROM proof_entries ORDER BY number')
  expect(entries.map(({ kind }) => kind)).toEqual(['key', 'adopted'])
  const [keys, adopted] = entries.map(({ entry }) => parseNote(entry as string))
  if (!keys || !adopted) throw new Error('no entries')
  expect(checkNote(keys, [trust.root])).toHaveLength(1)
  const vkeys = new Map(files.map(({ name, key }) => [name, key]))
  const said = parseEntry(keys.text)
  expect(said.kind === 'key' && new Set(said.add.map(({ role, key }) => `${role} ${key}`))).toEqual(
    new Set([
      `log ${trust.logs[0]?.vkey}`,
      ...['sink', 'bus'].map(role => `${role} ${vkeys.get(`${origin}/${role}-1`)}`),
      ...['operator', 'privacy'].map(role => `${role} ${vkeys.get(`${origin}/${role}`)}`)
    ])
  )
  expect(checkNote(adopted, [readKeyFile(join(folder, 'keys', 'operator.key'))])).toHaveLength(1)
  expect(parseEntry(adopted.text)).toMatchObject({
    group: trail.group,
    prefix: trail.topicPrefix,
    block: [],
    position: [
      { topic, partition: 0, incarnation: 2, next: 4711 },
      { topic, partition: 1, incarnation: 1, next: 0 }
    ]
  })
})

test('from then on a batch needs a statement, also one without a row', async () => {
  await expect(inTransaction(pool, client => client.query(ledger))).rejects.toMatchObject({ code: '55000' })
  await inTransaction(pool, async client => {
    await sayProved(client)
    await client.query(ledger)
  })
  expect(await trail.count('sink_ledger')).toBe(1)
})

test('what changes the trail needs a key of its role that was added', async () => {
  const key = (name: string) => readKeyFile(join(folder, 'keys', `${name}.key`))
  await expect(proverOf(pool, undefined, 'operator')).rejects.toMatchObject({ code: 'PROOF_KEY_MISSING' })
  expect(await proverOf(pool, key('operator'), 'operator')).toMatchObject({ origin })
  await expect(proverOf(pool, key('operator'), 'privacy')).rejects.toMatchObject({ code: 'PROOF_KEY_REFUSED' })
  const { keys } = fillKeyFolder(mkdtempSync(join(tmpdir(), 'eventtrail-keys-')), origin)
  await expect(proverOf(pool, keys.operator.signer, 'operator')).rejects.toMatchObject({
    code: 'PROOF_KEY_REFUSED',
    message: expect.stringContaining('not a key of this trail')
  })
})

test('a second log, other keys and another prefix are refused, and nothing is changed', async () => {
  const begin = (log: string, topicPrefix = trail.topicPrefix) => {
    const { keys } = fillKeyFolder(mkdtempSync(join(tmpdir(), 'eventtrail-keys-')), log)
    const [root, ofLog, operator] = [keys.root.signer, keys.log.signer, keys.operator.signer]
    return beginProof(pool, { root, log: ofLog, operator, others: [] }, topicPrefix)
  }
  await expect(begin('other.example/trail')).rejects.toMatchObject({ code: 'PROOF_ON' })
  await expect(begin(origin)).rejects.toMatchObject({ code: 'PROOF_ON' })
  await trail.tamper('DELETE FROM proof_settings')
  await expect(begin(origin, 'other.')).rejects.toMatchObject({ code: 'PREFIX_MIXED' })
  expect(await trail.count('proof_entries')).toBe(2)
  expect(await trail.count('proof_settings')).toBe(0)
})

test('keys that were made in the same call wait for sinks and buses to be started with them', async () => {
  await using store = postgresEventStore(trail.connection)
  await store.ping?.()
  const other = ['proof', 'init', '--origin', origin, '--keys', mkdtempSync(join(tmpdir(), 'eventtrail-keys-'))]
  const refused = await runCli(other, trail.env)
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('1 session of sinks and buses is connected')
  })
  expect(await trail.count('proof_settings')).toBe(0)
  expect(await runCli(other, trail.env)).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('store nothing from now on')
  })
})

test('a key that others may read is refused, as is one of another log, or none', async () => {
  const path = join(folder, 'keys', 'operator.key')
  chmodSync(path, 0o644)
  const refused = { code: 'KEY_FILE_REFUSED', message: expect.stringContaining('chmod 600') }
  expect(() => readKeyFile(path)).toThrow(expect.objectContaining(refused))
  expect(await init()).toMatchObject({ code: 2, stderr: expect.stringContaining('chmod 600') })
  chmodSync(path, 0o600)
  expect(() => fillKeyFolder(join(folder, 'keys'), 'other.example/trail')).toThrow(
    expect.objectContaining({ code: 'KEY_FILE_REFUSED', message: expect.stringContaining('give another folder') })
  )
  const nowhere = ['proof', 'init', '--origin', origin, '--keys', '/proc/none', '--keys-only']
  expect(await runCli(nowhere)).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be made (ENOENT)') })
  expect(() => readKeyFile(join(folder, 'none.key'))).toThrow(
    expect.objectContaining({ code: 'KEY_FILE_REFUSED', message: expect.stringContaining('ENOENT') })
  )
})
