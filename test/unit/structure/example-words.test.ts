import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { rooms } from '../../support/project/sources.ts'

// The example is a school; the product is for anyone's events.
const words = /lesson|badge|quiz|student|(?<!of )course|instructor|teacher|school/i

/** The table of the first version, and what moves its rows: the text of a migration is never edited. */
const past = ['consumers/indexer/migrations/002_rows_of_the_table_before.sql']

/** The example itself, and where it is asked for. */
const example = /^schemas\/catalogue\/|--example|examples\/school\/mappings\.json|use the events of a school/

test('no room of the product speaks of the example, comments included', () => {
  const files = rooms.flatMap(room =>
    readdirSync(join(cloneRoot, room), { recursive: true, encoding: 'utf8' })
      .map(name => `${room}/${name}`)
      .filter(path => /\.(ts|txt|avsc|sql|md|json)$/.test(path))
  )
  expect(files.length).toBeGreaterThan(150)
  const found = files.flatMap(path =>
    [path, ...(past.includes(path) ? [] : readFileSync(join(cloneRoot, path), 'utf8').split('\n'))]
      .filter(line => words.test(line) && !example.test(line) && !example.test(path))
      .map(line => `${path}: ${line.trim()}`)
  )
  expect(found).toEqual([])
})
