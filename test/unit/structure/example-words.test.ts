import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'

// The example is a school; the product is for anyone's events.
const rooms = ['core', 'observability', 'kafka', 'postgres', 'trail', 'sink', 'producers', 'consumers', 'operations']
const words = /lesson|badge|quiz|student|(?<!of )course|instructor|teacher|school/i

/** The table of the first version, and what moves its rows: a migration is never edited. */
const past = [
  'consumers/indexer/migrations/001_lesson_documents.sql',
  'consumers/indexer/migrations/002_search_documents.sql'
]

test('no room of the product speaks of the example, comments included', () => {
  const files = rooms.flatMap(room =>
    readdirSync(join(cloneRoot, room), { recursive: true, encoding: 'utf8' })
      .map(name => `${room}/${name}`)
      .filter(path => /\.(ts|sql|md|json)$/.test(path) && !past.includes(path))
  )
  expect(files.length).toBeGreaterThan(150)
  const found = files.flatMap(path =>
    [path, ...readFileSync(join(cloneRoot, path), 'utf8').split('\n')]
      .filter(line => words.test(line))
      .map(line => `${path}: ${line.trim()}`)
  )
  expect(found).toEqual([])
})
