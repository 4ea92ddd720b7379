import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import { examineProof } from '../../../operations/doctor/proof.ts'
import type { Finding } from '../../../operations/index.ts'
import { createSink } from '../../../sink/index.ts'
import { addEntry } from '../../../trail/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { provedTrail } from '../../support/proof/proved-trail.ts'
import { eventually } from '../../support/stack.ts'
import { badge, testTrail } from '../../support/trail.ts'

test('doctor says whether entries come into the log, what was rejected, and which disclosures have no end', async () => {
  const plain = await testTrail()
  expect(await examineProof(plain.db)).toEqual([])
  const trail = await provedTrail(plain)
  await trail.stored([{ first: 0, last: 9 }])
  expect(await examineProof(trail.db)).toMatchObject([
    { level: 'ok', words: expect.stringContaining('there is no checkpoint yet, and 2 more wait') }
  ])
  const old = "UPDATE proof_entries SET touched_at = now() - interval '10 minutes'"
  await trail.rows(old)
  expect(await examineProof(trail.db)).toMatchObject([
    { level: 'wrong', words: expect.stringMatching(/^2 entries .* for 10 minutes; there is no checkpoint yet/) }
  ])
  await trail.seal()
  expect(await examineProof(trail.db)).toMatchObject([
    { level: 'ok', words: expect.stringMatching(/ s old and has 2 entries, and 0 more wait/) }
  ])

  // Sealed, and in no checkpoint: what a sealer leaves that has lost its place in the middle of a round.
  await trail.stored([{ first: 10, last: 19 }])
  await trail.rows('UPDATE proof_entries SET open = false, log_index = 2 WHERE log_index IS NULL')
  await trail.rows(old)
  expect(await examineProof(trail.db)).toMatchObject([
    { level: 'wrong', words: expect.stringMatching(/^1 entry .* has 2 entries/) }
  ])
  await trail.seal()

  const forged = { writer: v7(), seq: 0, kind: 'batch', entry: 'forged' }
  const number = await trail.inTransaction(client => addEntry(client, forged))
  await trail.rows("UPDATE proof_entries SET rejected = 'ENTRY_INVALID' WHERE number = $1", [number])
  expect(await examineProof(trail.db)).toMatchObject([
    { level: 'ok' },
    { level: 'wrong', words: expect.stringMatching(/^1 entry .* rejected/) }
  ])

  // As a process leaves it that was killed.
  const given = "now(), 'me@host', false, 'code', 'host:1', 'a test', 'a parent', 'asked', 'subject', false, '{}'"
  await trail.rows(
    `INSERT INTO disclosures (began_at, actor, verified, via, process, tool, party, purpose, basis, listed, request)
     VALUES (${given})`
  )
  expect(await examineProof(trail.db)).toMatchObject([
    { check: 'proof' },
    { check: 'proof' },
    { check: 'disclosures', level: 'ok', words: expect.stringMatching(/^1 disclosure without an end.* given in full/) }
  ])
})

test('doctor finds sinks that run without a key, and store nothing since the trail is proved', async () => {
  const trail = await testTrail({ partitions: 1 })
  await trail.offer('badge.awarded')
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await trail.publish([badge()])
  await sink.whenCaughtUp()
  await provedTrail(trail)
  await trail.publish([badge()])
  await eventually(() => sink.health().notReady.some(reason => reason.includes('PROOF_KEY_FILE')), {
    what: 'the sink says that it has no key'
  })
  const found = async () => {
    const { stdout } = await runCli(['doctor', '--json'], trail.env)
    const lines = stdout.trim().split('\n')
    return lines.map(line => JSON.parse(line) as Finding).filter(({ check }) => check === 'proof')
  }
  const silent = {
    level: 'wrong',
    words: expect.stringMatching(/nothing has been stored for 60 minutes.*PROOF_KEY_FILE/)
  }
  expect(await found()).toMatchObject([{ level: 'ok' }])
  await trail.rows("UPDATE proof_settings SET began_at = now() - interval '1 hour'")
  expect(await found()).toMatchObject([{ level: 'ok' }])
  await trail.rows("UPDATE sink_offsets SET updated_at = now() - interval '2 hours'")
  const words = (await found()).filter(({ level }) => level === 'wrong')
  expect(words).toMatchObject([silent])
})
