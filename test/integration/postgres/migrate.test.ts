import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Client } from 'pg'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { type Migrations, migrate, migrationStatus } from '../../../postgres/migrate.ts'
import { testEnvironment } from '../../support/stack.ts'

const { databaseUrl } = await testEnvironment()
const root = mkdtempSync(join(tmpdir(), 'eventtrail migrations '))
afterAll(() => rmSync(root, { recursive: true }))
const client = new Client({ connectionString: databaseUrl })
await client.connect()
afterAll(() => client.end())
beforeEach(() => client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public').then(() => undefined))

let folders = 0
function parts(files: Record<string, string>): Migrations {
  folders += 1
  const directory = join(root, String(folders))
  mkdirSync(directory)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text)
  return { component: 'school', access: { grants: [] }, directory: pathToFileURL(directory) }
}

const first = { '001_courses.sql': 'CREATE TABLE courses (id int)', 'README.md': 'no migration' }
const second = { ...first, '002_lessons.sql': 'CREATE TABLE lessons (id int); CREATE TABLE notes (id int)' }
const tables = async () =>
  (await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")).rows.map(
    ({ tablename }) => String(tablename)
  )

test('files are applied in order, each once, and a newer program applies what is new', async () => {
  expect(await migrationStatus(client, parts(first))).toEqual({
    component: 'school',
    applied: 0,
    pending: ['001_courses']
  })
  expect(await migrate(client, parts(first))).toEqual(['001_courses'])
  expect(await migrate(client, parts(first))).toEqual([])
  expect(await migrationStatus(client, parts(second))).toMatchObject({ applied: 1, pending: ['002_lessons'] })
  expect(await migrate(client, parts(second))).toEqual(['002_lessons'])
  expect(await tables()).toEqual(['courses', 'eventtrail_migrations', 'lessons', 'notes'])
})

test('a database that is ahead is refused, and left as it is', async () => {
  await migrate(client, parts(second))
  for (const ask of [migrate, migrationStatus]) {
    await expect(ask(client, parts(first))).rejects.toMatchObject({
      code: 'TABLES_NEWER',
      message: expect.stringContaining('migration 2 of "school", this program knows 1')
    })
  }
})

test('a file that fails leaves nothing, and is applied once it is fixed', async () => {
  const broken = { ...first, '002_lessons.sql': 'CREATE TABLE lessons (id int); CREATE TABLE courses (id int)' }
  await expect(migrate(client, parts(broken))).rejects.toMatchObject({ code: '42P07' })
  expect(await tables()).toEqual(['courses', 'eventtrail_migrations'])
  expect(await migrate(client, parts(second))).toEqual(['002_lessons'])
})

test('any number of starters at once apply each file once', async () => {
  const others = Array.from({ length: 5 }, () => new Client({ connectionString: databaseUrl }))
  await Promise.all(others.map(other => other.connect()))
  try {
    const migrations = parts(second)
    const applied = await Promise.all(others.map(other => migrate(other, migrations)))
    expect(applied.flat().sort()).toEqual(['001_courses', '002_lessons'])
  } finally {
    await Promise.all(others.map(other => other.end()))
  }
})

test.each([
  ['a hole', ['001_first.sql', '003_third.sql']],
  ['two of one number', ['001_first.sql', '001_other.sql']],
  ['a name that is none', ['001_First.sql']],
  ['a beginning that is not 1', ['002_second.sql']]
])('files with %s are refused before anything is done', async (_, names) => {
  const migrations = parts(Object.fromEntries(names.map(name => [name, 'CREATE TABLE never (id int)'])))
  await expect(migrate(client, migrations)).rejects.toMatchObject({ code: 'MIGRATION_FILE' })
  expect(await tables()).toEqual([])
})
