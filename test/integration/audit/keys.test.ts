import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { addKey, listKeys, readKeyFile, revokeKey } from '../../../audit/index.ts'
import { openPool } from '../../../postgres/index.ts'
import { createSink } from '../../../sink/index.ts'
import { EntryWriter, inTransaction } from '../../../trail/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { testSigner } from '../../support/proof/keys.ts'
import { testOrigin } from '../../support/proof/parties.ts'
import { eventually } from '../../support/stack.ts'
import { badge, testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 2 })
await trail.offer('badge.awarded')
const pool = openPool(trail.databaseUrl, { applicationName: 'eventtrail-test', max: 3 })
afterAll(() => pool.end())

const keys = mkdtempSync(join(tmpdir(), 'eventtrail-keys-'))
const log = mkdtempSync(join(tmpdir(), 'eventtrail-log-'))
const keyOf = (name: string): string => join(keys, `${name}.key`)
const proof = (key: string, ...command: string[]) =>
  runCli(['proof', ...command], {
    ...trail.env,
    PROOF_STORE: `file:${log}`,
    PROOF_TRUST: join(keys, 'trust.txt'),
    PROOF_KEY_FILE: keyOf(key)
  })
const batches = async () =>
  Number((await trail.rows("SELECT count(*) AS n FROM proof_entries WHERE kind = 'batch'"))[0]?.n)
const sinkWith = (key: string) => createSink({ ...trail.sinkOptions, proofKey: { file: keyOf(key) } })

test('the proof is turned on, and a key replaced, while sinks store: nothing is lost, and all is verified from there', async () => {
  const init = (...flags: string[]) =>
    runCli(['proof', 'init', '--origin', testOrigin, '--keys', keys, ...flags], trail.env)
  expect(await init('--keys-only')).toMatchObject({ code: 0 })
  let published = 0
  let isLoaded = true
  const load = (async () => {
    while (isLoaded) {
      await trail.publish([badge(), badge()])
      published += 2
    }
  })()
  await using former = sinkWith('sink-1')
  await former.start()
  await eventually(async () => (await trail.count('event_envelopes')) > 10, { what: 'rows of before the proof' })
  expect(await init()).toMatchObject({ code: 0 })
  await eventually(async () => (await batches()) > 0, { what: 'the first key signs' })
  expect(await proof('operator', 'key', 'add', 'sink-2', '--role', 'sink', '--keys', keys)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('by root')
  })
  expect(await proof('root', 'key', 'add', 'sink-2', '--role', 'sink', '--keys', keys)).toMatchObject({ code: 0 })
  await using next = sinkWith('sink-2')
  await next.start()
  await former.close()
  const before = published
  await eventually(() => published > before + 10, { what: 'events of the next key' })
  isLoaded = false
  await load
  await next.whenCaughtUp()
  expect(await trail.count('event_envelopes')).toBe(published)

  expect(await proof('root', 'key', 'revoke', `${testOrigin}/sink-1`)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('are not in the log yet')
  })
  await next.close()
  // A sink that was overtaken leaves its entry open; it is sealed a minute later.
  await trail.rows("UPDATE proof_entries SET touched_at = now() - interval '2 minutes' WHERE open")
  expect(await proof('log', 'checkpoint', '--once')).toMatchObject({ code: 0 })
  const sealed = await trail.count('proof_entries')
  const revoked = await proof('root', 'key', 'revoke', `${testOrigin}/sink-1`, '--json')
  expect(revoked).toMatchObject({ code: 0 })
  expect(JSON.parse(revoked.stdout)).toMatchObject({ index: sealed })
  expect(await proof('log', 'checkpoint', '--once')).toMatchObject({ code: 0 })
  expect(await proof('operator', 'adopt')).toMatchObject({ code: 0 })
  const verified = await proof('operator', 'verify')
  expect(verified.code, verified.stdout).toBe(0)
  const listed = (await proof('operator', 'key', 'list', '--json')).stdout.trim().split('\n')
  expect(listed.map(line => JSON.parse(line)).filter(({ role }) => role === 'sink')).toMatchObject([
    { name: `${testOrigin}/sink-1`, isRevoked: true },
    { name: `${testOrigin}/sink-2`, isRevoked: false }
  ])
})

test('a key that was revoked starts no sink, and what it signs is not sealed', async () => {
  await using sink = sinkWith('sink-1')
  await expect(sink.start()).rejects.toMatchObject({ code: 'PROOF_KEY_REFUSED' })
  const signer = readKeyFile(keyOf('sink-1'))
  const hash = Buffer.alloc(32).toString('base64')
  const partition = { topic: 'badge.awarded', partition: 0, incarnation: 1 }
  const number = await inTransaction(pool, client =>
    new EntryWriter(client, { origin: testOrigin, signer }).add({
      ...{ kind: 'batch', group: 'thief', prefix: '', form: 1 },
      stretch: [
        {
          ...partition,
          first: 0,
          last: 0,
          rows: 1,
          duplicates: 0,
          quarantined: 0,
          skipped: 0,
          lost: 0,
          root: hash,
          aside: null
        }
      ]
    })
  )
  await proof('log', 'checkpoint', '--once')
  const [entry] = await trail.rows('SELECT rejected, log_index FROM proof_entries WHERE number = $1', [number])
  expect(entry).toMatchObject({ rejected: expect.stringMatching(/./), log_index: null })
})

test('a key is added once, by the root of the trail, under a name below that of the log', async () => {
  const root = readKeyFile(keyOf('root'))
  const refused = { code: 'KEY_CHANGE_REFUSED' }
  const before = await listKeys(pool)
  await expect(addKey(pool, root, readKeyFile(keyOf('sink-2')), 'sink')).rejects.toMatchObject(refused)
  await expect(addKey(pool, root, testSigner('other.example/sink-3'), 'sink')).rejects.toMatchObject(refused)
  await expect(addKey(pool, root, testSigner(`${testOrigin}/log-2`), 'log')).rejects.toMatchObject(refused)
  await expect(addKey(pool, testSigner(root.name), testSigner(`${testOrigin}/a`), 'bus')).rejects.toMatchObject(refused)
  await expect(revokeKey(pool, root, `${testOrigin}/sink-1`)).rejects.toMatchObject(refused)
  await expect(revokeKey(pool, root, 'nothing')).rejects.toMatchObject(refused)
  expect(await listKeys(pool)).toEqual(before)
})
