import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeError, EventtrailError, safeError } from '../../../core/errors.ts'
import { printable, printableJson, printableLine, table } from '../../../core/printable.ts'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { anyText } from '../../support/properties.ts'

const obeyed = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u
const text = anyText({ maxLength: 50 })

describe('printable', () => {
  it.each([
    ['\x1b[2J', '\\u{1b}[2J'],
    ['a\nb\rc\td', 'a\\u{a}b\\u{d}c\\u{9}d'],
    ['\u009b31m\u0000\u007f', '\\u{9b}31m\\u{0}\\u{7f}'],
    ['\u202eabc\u2066\u200f', '\\u{202e}abc\\u{2066}\\u{200f}'],
    ['\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['\ud800x', '\\u{d800}x'],
    ['Grüße 😀 عربى \\ {}', 'Grüße 😀 عربى \\ {}']
  ])('shows %j', (given, shown) => {
    expect(printable(given)).toBe(shown)
  })

  it('leaves nothing that a terminal obeys, and changes nothing the second time', () => {
    fc.assert(
      fc.property(text, given => {
        const shown = printable(given)
        expect(shown).not.toMatch(obeyed)
        expect(printable(shown)).toBe(shown)
        expect(printableLine(given).replaceAll('\t', '')).not.toMatch(obeyed)
      })
    )
  })

  it('cuts what is too long', () => {
    expect(printable('x'.repeat(501), 500)).toBe(`${'x'.repeat(500)}…`)
    expect(printable('x'.repeat(500), 500)).toBe('x'.repeat(500))
  })

  it('gives JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), text, text, (value, key, each) => {
        for (const indent of [undefined, 2]) {
          const given = { [`k${key}`]: each, value }
          const json = printableJson(given, indent)
          expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(given)))
          for (const line of json.split('\n')) expect(printableLine(line)).toBe(line)
        }
      })
    )
  })

  it('is as wide in a table as it is shown', () => {
    const rows = table([
      ['A', 'B'],
      ['\x1b[31m', 'x'],
      ['a\nb', 'y']
    ])
    expect(rows).toEqual(['A           B', '\\u{1b}[31m  x', 'a\\u{a}b     y'])
  })
})

describe('an error', () => {
  it('of a server is shown as one printable line of at most 500 letters', () => {
    const server = new Error(`\x1b[2J\nsecond line ${'x'.repeat(10_000)}`)
    for (const error of [server, new EventtrailError('ours', { code: 'X', retryable: false, cause: server })]) {
      const words = describeError(error)
      expect(words).not.toMatch(obeyed)
      expect(words.length).toBeLessThan(600)
      expect(words).toContain('\\u{1b}[2J\\u{a}second line')
      expect(JSON.stringify(safeError(error))).not.toContain('\\u001b')
    }
  })

  it('of this program may have several lines', () => {
    const error = new EventtrailError('a.avsc: one\nb.avsc: \x1b two', { code: 'X', retryable: false })
    expect(describeError(error)).toBe('a.avsc: one\nb.avsc: \\u{1b} two')
  })
})

it('no command prints JSON by itself, or writes to the terminal past its context', () => {
  const rooms = [
    'core',
    'schemas',
    'kafka',
    'producers',
    'consumers',
    'trail',
    'sink',
    'operations',
    'cli/commands',
    'cli/publish'
  ]
  const files = rooms.flatMap(room =>
    readdirSync(join(cloneRoot, room), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ts'))
      .map(name => join(room, name))
  )
  for (const file of files) {
    const source = readFileSync(join(cloneRoot, file), 'utf8')
    expect(source, file).not.toMatch(/\b(out|say)\([^)\n]*JSON\.stringify/)
    expect(source, file).not.toMatch(/process\.std(out|err)\.write/)
  }
})
