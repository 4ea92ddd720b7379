import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { readFieldMeanings } from '../../../trail/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { testEnvironment } from '../../support/stack.ts'

const environment = await testEnvironment()

test('stores what fields mean where the trail is, and says where it is not', async () => {
  const own = environment.env
  const folder = await mkdtemp(join(tmpdir(), 'eventtrail fields-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await cp(join('schemas', 'catalogue'), folder, { recursive: true })
  const register = ['schemas', 'register', '--from', folder]
  const none = await runCli(register, { ...own, DATABASE_URL: '' })
  expect(none).toMatchObject({ code: 0, stderr: expect.stringContaining('fields.json of 3 events not stored, so') })
  const early = await runCli(register, own)
  expect(early).toMatchObject({ code: 0, stderr: expect.stringContaining('run `eventtrail migrate`') })
  const away = await runCli(register, { ...own, DATABASE_URL: 'postgres://x:y@127.0.0.1:1/z' })
  expect(away).toMatchObject({ code: 1, stderr: expect.stringContaining('Postgres is unreachable') })

  expect(await runCli(['migrate'], own)).toMatchObject({ code: 0 })
  const db = new pg.Client({ connectionString: environment.databaseUrl })
  await db.connect()
  try {
    const stored = async () => {
      const fields = await readFieldMeanings(db)
      return fields.map(({ eventName, path, meaning }) => `${eventName} ${path} ${meaning}`)
    }
    const first = await runCli(register, own)
    expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('stored in the trail, 7 fields changed') })
    expect(await stored()).toContain('quiz.submitted student_id subject')
    // An event without the file keeps its own, and one that names others loses the first.
    await rm(join(folder, 'badge.awarded', 'fields.json'))
    await writeFile(join(folder, 'quiz.submitted', 'fields.json'), '{ "subject": ["$aggregate"] }')
    const second = await runCli(register, own)
    expect(second.stderr).toContain('fields.json of 2 events stored in the trail, 4 fields changed')
    expect((await stored()).filter(line => !line.startsWith('lesson'))).toEqual([
      'badge.awarded awarded_to subject',
      'quiz.submitted $aggregate subject'
    ])
    expect((await runCli(register, own)).stderr).toContain('fields.json of 2 events in the trail already')
  } finally {
    await db.end()
  }
})
