import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { inboxMigrations } from '../../../consumers/inbox/index.ts'
import { indexerMigrations } from '../../../consumers/indexer/migrations.ts'
import { notifierMigrations } from '../../../consumers/notifier/migrations.ts'
import { operationsMigrations } from '../../../operations/migrations.ts'
import { type DatabaseRole, rolesOf, rolesScript } from '../../../postgres/roles.ts'
import { trailMigrations } from '../../../trail/migrations.ts'

const everything = [trailMigrations, operationsMigrations, indexerMigrations, notifierMigrations, inboxMigrations]
const access = everything.map(part => part.access)
const grants = access.flatMap(part => part.grants)
const ofRole = (role: DatabaseRole) => grants.filter(({ to }) => to.includes(role))

/** Tables and views that the migrations of a part create. */
const createdBy = ({ directory }: { readonly directory: URL }): string[] =>
  readdirSync(directory).flatMap(file => {
    const sql = readFileSync(new URL(`${directory.href}/${file}`), 'utf8')
    return [...sql.matchAll(/^CREATE (?:TABLE|VIEW) (?:IF NOT EXISTS )?(\w+)/gm)].map(([, name]) => name as string)
  })

test('no role may change or remove a row of the trail, or remove anything but what is for a time', () => {
  // Those that use them remove what is old.
  const forATime = ['eventtrail_inbox', 'deliveries', 'search_documents']
  for (const { on, may } of grants) {
    if (!forATime.includes(on)) expect(may, on).not.toMatch(/DELETE/)
    expect(may, on).not.toMatch(/TRUNCATE|TRIGGER|REFERENCES|ALL/)
    if (on.startsWith('event_envelopes')) expect(may).not.toContain('UPDATE')
    // A table may be updated in columns that are named, and search documents as a whole.
    if (on !== 'search_documents') expect(may, on).not.toMatch(/UPDATE(?! \()/)
  }
})

test('the reader sees every table of the trail and of operators, and of quarantine no bytes', () => {
  const seen = new Set(ofRole('reader').map(({ on }) => on))
  expect([trailMigrations, operationsMigrations].flatMap(createdBy).filter(table => !seen.has(table))).toEqual([])
  const writing = ofRole('reader').filter(({ may }) => !/^SELECT(?: \([\w, ]+\))?$/.test(may))
  // An auditor who reads content records that, and signs it.
  expect(writing.map(({ on }) => on).toSorted()).toEqual(['disclosure_subjects', 'disclosures', 'proof_entries'])
  const [quarantine] = ofRole('reader').filter(({ on }) => on === 'sink_quarantine')
  expect(quarantine?.may).not.toMatch(/\b(key|value|headers)\b/)
})

test('rights are given on tables that the migrations create, and each column that is named is in them', () => {
  const tables = new Set(everything.flatMap(createdBy))
  const sql = everything
    .flatMap(({ directory }) =>
      readdirSync(directory).map(file => readFileSync(`${directory.pathname}/${file}`, 'utf8'))
    )
    .join('\n')
  for (const { on, may } of grants) {
    expect(tables, on).toContain(on)
    for (const [, columns = ''] of may.matchAll(/\(([^)]*)\)/g))
      for (const column of columns.split(', '))
        expect(sql, column).toMatch(
          new RegExp(`\\b${column} +(?:text|bigint|integer|bytea|uuid|boolean|timestamptz|jsonb)`)
        )
  }
})

test('the script names only roles of its parts, in one transaction, and can be run again', () => {
  const script = rolesScript([trailMigrations.access], 'orders')
  expect(rolesOf([trailMigrations.access])).toEqual(['writer', 'operator', 'reader', 'sealer'])
  expect(script).not.toMatch(/orders_(indexer|notifier)/)
  expect(script).not.toContain('search_path')
  const statements = script.split('\n').filter(line => !line.startsWith('--'))
  expect(statements[0]).toBe('BEGIN;')
  expect(statements.at(-2)).toBe('COMMIT;')
  // What an earlier version gave is taken back before the rights of this one are given.
  expect(script.lastIndexOf('REVOKE')).toBeLessThan(script.indexOf('\nGRANT'))
  expect(rolesScript(access, 'orders')).toMatch(/GRANT SELECT ON recipients TO orders_notifier;/)
})

test('names are quoted or refused', () => {
  expect(rolesScript(access, 'x', 'Audit "1"')).toContain('SET LOCAL search_path TO "Audit ""1""";')
  for (const prefix of ['', 'Orders', 'a b', "a'; DROP TABLE x", '1a', 'x'.repeat(51)])
    expect(() => rolesScript(access, prefix)).toThrow(RangeError)
})
