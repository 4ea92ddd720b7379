import { describe, expect, test } from 'vitest'
import {
  canonicalJson,
  checkCheckpoint,
  checkNote,
  parseEntry,
  parseNote,
  parseTrust,
  parseVkey
} from '../../../proof/index.ts'
import { expectGeneratedFile } from '../../support/project/docs.ts'
import { vectors } from '../../support/proof/vectors/index.ts'

test('the vectors for other verifiers are what the code gives (UPDATE_DOCS=1 npm test -- test/unit/proof writes them)', () => {
  expectGeneratedFile('docs/proof-vectors.json', `${JSON.stringify(vectors(), undefined, 1)}\n`)
})

interface Vector {
  readonly text: string
  readonly canonical: string
  readonly note: string
  readonly trust: string
  readonly vkeys: readonly string[]
  readonly signed: readonly string[]
}
type Section<Invalid = Vector> = { readonly valid: readonly Vector[]; readonly invalid: readonly Invalid[] }

describe('the code agrees with the vectors', () => {
  const all = vectors() as {
    readonly canonical_json: Section<string>
    readonly notes: Section
    readonly entries: Section
    readonly checkpoints: Section
  }
  const fault = (work: () => unknown): string | undefined => {
    try {
      work()
    } catch (error) {
      return (error as { readonly code: string }).code
    }
    return undefined
  }

  test('in canonical JSON', () => {
    for (const { text, canonical } of all.canonical_json.valid) expect(canonicalJson(text)).toBe(canonical)
    for (const text of all.canonical_json.invalid)
      expect(
        fault(() => canonicalJson(text)),
        text
      ).toBe('JSON_INVALID')
  })

  test('in notes', () => {
    const names = ({ note, vkeys }: Vector) =>
      checkNote(parseNote(note), vkeys.map(parseVkey)).map(({ key }) => key.name)
    for (const each of all.notes.valid) expect(names(each)).toEqual(each.signed)
    for (const each of all.notes.invalid)
      expect(
        fault(() => names(each)),
        JSON.stringify(each)
      ).toMatch(/_INVALID$/)
  })

  test('in entries', () => {
    for (const { text } of all.entries.valid)
      expect(
        fault(() => parseEntry(text)),
        text
      ).toBeUndefined()
    for (const { text } of all.entries.invalid)
      expect(
        fault(() => parseEntry(text)),
        text
      ).toBe('ENTRY_INVALID')
  })

  test('in checkpoints', () => {
    const check = ({ note, trust }: Vector) => checkCheckpoint(note, parseTrust(trust))
    for (const each of all.checkpoints.valid)
      expect(
        fault(() => check(each)),
        JSON.stringify(each)
      ).toBeUndefined()
    for (const each of all.checkpoints.invalid)
      expect(
        fault(() => check(each)),
        JSON.stringify(each)
      ).toMatch(/_INVALID$/)
  })
})
