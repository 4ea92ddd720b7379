import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { postgresEventStore } from '../../../trail/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail()

describe('a Postgres that cannot be used is refused in words', () => {
  const encodings = { SQL_ASCII: `t_${randomBytes(4).toString('hex')}`, LATIN1: `t_${randomBytes(4).toString('hex')}` }
  const urlOf = (name: string) => {
    const url = new URL(trail.databaseUrl)
    url.pathname = `/${name}`
    return url.href
  }
  beforeAll(async () => {
    for (const [encoding, name] of Object.entries(encodings))
      await trail.rows(`CREATE DATABASE ${name} ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`)
  })
  afterAll(async () => {
    for (const name of Object.values(encodings)) await trail.rows(`DROP DATABASE ${name} WITH (FORCE)`)
  })

  test.each(Object.entries(encodings))(
    'of the encoding %s, by migrate, sink and doctor',
    { timeout: 120_000 },
    async (encoding, name) => {
      const env = { ...trail.env, DATABASE_URL: urlOf(name) }
      for (const command of ['migrate', 'sink']) {
        const { code, stderr } = await runCli([command], env)
        expect(stderr).toContain(`The database has the encoding ${encoding}, which cannot hold every text`)
        expect(code).toBe(2)
      }
      const { code, stdout } = await runCli(['doctor'], env)
      expect(stdout).toMatch(new RegExp(`WRONG +database +The database has the encoding ${encoding}`))
      expect(code).toBe(1)
    }
  )

  test('that has migrations of a newer eventtrail, by every command', { timeout: 180_000 }, async () => {
    const components = ['trail', 'operations', 'indexer', 'notifier']
    const newest = `INSERT INTO eventtrail_migrations (component, id, name) SELECT c, 99, '099_later' FROM unnest($1::text[]) c`
    expect((await runCli(['migrate', '--with', 'indexer,notifier'], trail.env)).code).toBe(0)
    await trail.rows(newest, [components])
    onTestFinished(async () => {
      await trail.rows('DELETE FROM eventtrail_migrations WHERE id = 99')
    })
    const smtp = { SMTP_URL: 'smtp://127.0.0.1:1' }
    for (const command of [
      ['migrate'],
      ['sink'],
      ['sink', 'reset', '--event', 'badge.awarded', '--partition', '0', '--to', 'latest', '--reason', 'a test'],
      ['sink', 'resume', '--event', 'badge.awarded', '--reason', 'a test'],
      ['quarantine', 'list'],
      ['indexer', '--example'],
      ['search', 'fractions'],
      ['notifier', '--example']
    ]) {
      const { code, stderr } = await runCli(command, { ...trail.env, ...smtp })
      expect(`${command.join(' ')}: ${stderr}`).toContain('a newer eventtrail was here. Run that version.')
      expect(code).toBe(2)
    }
    const { code, stdout } = await runCli(['doctor'], trail.env)
    expect(stdout).toContain('a newer eventtrail was here')
    expect(code).toBe(1)
    const store = postgresEventStore(trail.connection)
    onTestFinished(() => store.close())
    await expect(store.append([{} as never])).rejects.toMatchObject({ code: 'TABLES_NEWER' })
  })
})
