import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { recordFaultCodes } from '../../../trail/errors.ts'
import { page } from '../../support/project/docs.ts'

const { text } = page('docs/trail.md')
const folder = join(cloneRoot, 'trail', 'migrations')
const migrations = readdirSync(folder).map(name => readFileSync(join(folder, name), 'utf8'))

test('every table and view of the trail is described', () => {
  const made = [...migrations.join('\n').matchAll(/^CREATE (?:TABLE|VIEW|FUNCTION) (\w+)/gm)].map(
    ([, name = '']) => name
  )
  expect(made).toContain('sink_losses')
  expect(made.filter(name => !text.includes(`\`${name}\``))).toEqual([])
})

test('every reason for quarantine is listed, and no other', () => {
  const listed = [...text.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name)
  expect(listed).toEqual([...recordFaultCodes])
})
