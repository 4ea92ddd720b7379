import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import {
  type Chunk,
  checkNote,
  type EntryOf,
  parseEntry,
  parseNote,
  Statement,
  type StatementLimits,
  type StoredEntry,
  signNote,
  WideTree
} from '../../../proof/index.ts'
import { testSigner } from './keys.ts'

const origin = 'school.example/trail'
const key = testSigner(`${origin}/sink-1`)
export const writer = '0199e0c2-5a3c-7b0e-9d7e-2f0c5f1f7a10'

export const statementOf = (limits: Partial<StatementLimits> = {}) =>
  new Statement({ origin, writer, group: 'sink', prefix: '', sign: text => signNote(text, key), limits })

export const time = (ms: number): string => new Date(1_790_000_000_000 + ms).toISOString().replace('Z', '000Z')
export const at = (ms: number) => ({ recorded: time(ms), clock: time(ms + 1) })

const leafOf = (offset: number): Buffer => createHash('sha256').update(String(offset)).digest()
export const chunk = (first: number, rows: number, more: Partial<Chunk> = {}): Chunk => ({
  topic: 'badge.awarded',
  partition: 0,
  incarnation: 1,
  first,
  last: first + rows - 1,
  leaves: Buffer.concat(Array.from({ length: rows }, (_, index) => leafOf(first + index))),
  aside: [],
  ...more
})

export function read({ entry }: StoredEntry): EntryOf<'batch'> {
  const note = parseNote(entry)
  checkNote(note, [key])
  return parseEntry(note.text) as EntryOf<'batch'>
}

export const rootOf = (first: number, rows: number): string | undefined => {
  const tree = new WideTree()
  tree.append(chunk(first, rows).leaves)
  return tree.root()?.toString('base64')
}

export const only = (entries: readonly StoredEntry[]): StoredEntry => {
  expect(entries).toHaveLength(1)
  return entries[0] as StoredEntry
}
