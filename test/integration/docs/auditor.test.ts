import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { bundlePath, parseBundle, parseNote, signNote } from '../../../proof/index.ts'
import { page } from '../../support/project/docs.ts'
import { runInProcess } from '../../support/project/program.ts'
import { givenRecord, givenRow } from '../../support/proof/given-rows.ts'
import { keyText, testSigner } from '../../support/proof/keys.ts'
import { testOrigin, testParties } from '../../support/proof/parties.ts'
import { provedTrail } from '../../support/proof/proved-trail.ts'
import { sealedCheckpoint, writeLog } from '../../support/proof/seal.ts'

// What docs/auditor.md says, word by word: its commands in a folder of its own, with nothing in their environment.
const { text } = page('docs/auditor.md')
const trail = await provedTrail()
const folder = mkdtempSync(join(tmpdir(), 'auditor-'))
const bundle = join(folder, 'bundle')
const clean = `${folder}-clean`
afterAll(() => {
  for (const each of [folder, clean, `${folder}-privacy.key`]) rmSync(each, { recursive: true, force: true })
})

const sh = (command: string) => {
  // Node.js is found, and nothing else is set.
  const env = { PATH: `${dirname(process.execPath)}:/bin:/usr/bin` }
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-ec', command], { cwd: folder, env, encoding: 'utf8' })
  return { status, stdout, output: stdout + stderr }
}
const codesIn = (output: string): string[] => [
  ...new Set([...output.matchAll(/^([A-Z_]{5,}) {2}/gm)].map(([, code = '']) => code))
]

async function run(...args: string[]): Promise<void> {
  const running = runInProcess(['proof', ...args])
  expect(await running.ended, running.printed()).toBe(0)
}

async function exportBundle(): Promise<void> {
  rmSync(bundle, { recursive: true, force: true })
  await run('export', '--out', bundle)
}

const ada = givenRow('badge.awarded', 0, 0, { payload: '{"reason": "Ten quizzes"}' })

beforeAll(async () => {
  const key = `${folder}-privacy.key`
  writeFileSync(key, keyText(testParties.privacy.name), { mode: 0o600 })
  for (const [name, value] of Object.entries({ ...trail.env, PROOF_STORE: trail.store, PROOF_KEY_FILE: key }))
    vi.stubEnv(name, value)
  const others = Array.from({ length: 18 }, (_, index) => givenRow('badge.awarded', 0, index + 1))
  await trail.stored([{ first: 0, last: 19, rows: [ada, ...others], duplicates: [{ offset: 19, id: ada.id }] }])
  await trail.storedByBus([givenRow('lesson.published', null, null)])
  copyFileSync(join(cloneRoot, 'verifier/verify.mjs'), join(folder, 'verify.mjs'))
  writeFileSync(join(folder, 'trust.txt'), trail.trust)
  writeFileSync(join(folder, 'checkpoint-before'), await trail.seal())
  await run('prove', ada.id, '--out', join(folder, 'ada.eventproof'))
  await trail.writer().store([{ first: 20, last: 60, quarantined: [givenRecord(30)] }])
  await trail.seal()
  await exportBundle()
  await trail.rows('CREATE TABLE rows_before AS SELECT * FROM event_envelopes')
  cpSync(folder, clean, { recursive: true })
})

/** What differs from trail to trail. */
const shape = (output: string): string =>
  output.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID').replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')

test('the commands of the page print what it says', () => {
  const pairs = [...text.matchAll(/```sh\n(.*?)```\n\n```text\n(.*?)```/gs)]
  expect(pairs).toHaveLength([...text.matchAll(/```sh\n/g)].length)
  for (const [, command = '', printed = ''] of pairs) {
    const { status, output } = sh(command)
    expect(shape(output), command).toBe(shape(printed))
    expect(status).toBe(0)
  }
})

describe('what someone may have done, and what is found', () => {
  const rows = [...text.matchAll(/^\| ([^`|]+) \| ((?:`[A-Z_]+`(?:, )?)+) \|$/gm)].map(
    ([, what = '', codes = '']) => [what, [...codes.matchAll(/`(\w+)`/g)].map(([, code = '']) => code)] as const
  )

  /** As a superuser who has switched the triggers off. */
  const inDatabase =
    (...statements: string[]) =>
    async () => {
      await trail.inTransaction(async client => {
        await client.query("SET LOCAL session_replication_role = 'replica'")
        for (const each of statements) await client.query(each)
      })
      await exportBundle()
    }
  const row = 'event_name = $$badge.awarded$$ AND kafka_partition = 0 AND kafka_offset'
  const columns =
    'aggregate_id, occurred_at, event_name, payload, schema_version, source, actor, traceparent, kafka_partition'

  const entries = (): string[] => {
    const read = (path: string): Buffer => readFileSync(join(bundle, 'log', path))
    const size = Number(parseNote(read('checkpoint').toString()).text.split('\n')[1])
    return parseBundle(read(bundlePath({ index: 0, width: size })), size).map(String)
  }
  /** Writes the log again, with these entries. */
  const log = (change: (all: string[]) => string[], isSigned = true) => {
    const all = entries()
    const changed = change(all)
    rmSync(join(bundle, 'log/tile'), { recursive: true })
    const before = readFileSync(join(bundle, 'log/checkpoint'), 'utf8')
    writeLog(join(bundle, 'log'), changed, isSigned ? sealedCheckpoint(changed, 1_790_000_000) : before)
  }
  const file = (path: string, change: (before: string) => string) => {
    const before = readFileSync(join(bundle, path), 'utf8')
    expect(change(before)).not.toBe(before)
    writeFileSync(join(bundle, path), change(before))
  }
  const signedBy = (name: string) => (note: string) =>
    signNote(parseNote(note).text, testSigner(`${testOrigin}/${name}`))

  const done: Readonly<Record<string, () => unknown>> = {
    'a byte of the content of a row was changed': inDatabase(
      `UPDATE event_envelopes SET payload = '{"reason": "Ten quizzet"}' WHERE ${row} = 0`
    ),
    'who did it was changed in a row': inDatabase(`UPDATE event_envelopes SET actor = 'user:7f0d' WHERE ${row} = 7`),
    'a row in the middle was deleted': inDatabase(`DELETE FROM event_envelopes WHERE ${row} = 25`),
    'the places of two rows were exchanged': inDatabase(
      `UPDATE event_envelopes SET kafka_offset = 47 - kafka_offset WHERE ${row} IN (23, 24)`
    ),
    'a row was inserted': inDatabase(
      `INSERT INTO event_envelopes (id, ${columns}, kafka_offset, recorded_at)
       SELECT gen_random_uuid(), ${columns}, 61, recorded_at FROM event_envelopes WHERE ${row} = 60`
    ),
    'the last rows were cut off with their entries, and the shorter log was signed with all keys': async () => {
      await inDatabase(`DELETE FROM event_envelopes WHERE kafka_offset IS NULL OR ${row} >= 20`)()
      file('lists/quarantine.ndjson', () => '')
      writeFileSync(join(bundle, 'log/unsealed'), '')
      log(all => all.slice(0, 2))
    },
    'an entry was changed in the log': () => log(all => all.with(2, String(all[2]).replace('form 1', 'form 2')), false),
    'an entry was signed again with another key, and the log as well': () =>
      log(all => all.with(2, signedBy('bus-2')(String(all[2])))),
    'the checkpoint was changed': () => file('log/checkpoint', before => before.replace('\n5\n', '\n6\n')),
    'another past was written and signed with all keys': () => {
      // The same keys, another order.
      log(all => [all[0], all[2], all[1], ...all.slice(3)].map(String))
    },
    'a line of a list was changed': () =>
      file('lists/duplicates.ndjson', before => before.replace(ada.id, ada.aggregateId))
  }

  test('has no more and no fewer lines than what is tried', () => {
    expect(rows.map(([what]) => what)).toEqual(Object.keys(done))
    expect(rows.length).toBeGreaterThanOrEqual(10)
    expect(testParties.log.name).toBe(testOrigin)
  })

  test.each(rows)('%s', async (what, codes) => {
    rmSync(bundle, { recursive: true })
    cpSync(join(clean, 'bundle'), bundle, { recursive: true })
    await trail.inTransaction(async client => {
      await client.query("SET LOCAL session_replication_role = 'replica'")
      await client.query('DELETE FROM event_envelopes')
      await client.query('INSERT INTO event_envelopes SELECT * FROM rows_before')
    })
    await done[what]?.()
    const { status, output } = sh('node verify.mjs bundle --trust trust.txt --kept checkpoint-before')
    expect(codesIn(output), output).toEqual(codes)
    expect(output).toContain('not verified')
    expect(status).toBe(1)
  })
})

test('what the page explains is what the verifier can find', () => {
  const code = readFileSync(join(folder, 'verify.mjs'), 'utf8')
  const all = new Set([...code.matchAll(/(?:report|fail)\(\s*'([A-Z_]+)'/g)].map(([, each = '']) => each))
  // These are said in other words, or end with another exit code.
  for (const each of ['ENTRY_INVALID', 'KEY_INVALID', 'PATH_INVALID', 'TRUST_INVALID', 'FILE_UNREADABLE'])
    all.delete(each)
  const table = text.slice(text.indexOf('What the codes mean'))
  const explained = new Set([...table.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, each = '']) => each))
  expect([...explained].sort()).toEqual([...all].sort())
  expect(execFileSync(process.execPath, ['--version'], { encoding: 'utf8' })).toMatch(/^v2\d/)
})
