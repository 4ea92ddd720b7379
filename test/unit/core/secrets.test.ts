import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readSecret, rule, type Secret, SecretUnreadable } from '../../../core/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'eventtrail secrets '))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'secret')

function emptied(): Secret {
  writeFileSync(file, '\n')
  return { file }
}

describe('a secret', () => {
  it('is a text, what a function gives, or what its file has now', async () => {
    expect(await readSecret('a\n', 'x')).toBe('a\n')
    expect(await readSecret(() => 'b', 'x')).toBe('b')
    expect(await readSecret(async () => 'c', 'x')).toBe('c')
    for (const [content, secret] of [
      ['one', 'one'],
      ['two\n', 'two'],
      ['three \r\n', 'three '],
      ['four\n\n', 'four\n']
    ] as const) {
      writeFileSync(file, content)
      expect(await readSecret({ file }, 'x')).toBe(secret)
    }
  })

  it.each<[string, () => Secret, RegExp]>([
    ['an empty file', emptied, /^the file \S+ secrets \S+ of `x` is empty$/],
    ['no file', () => ({ file: join(folder, 'absent') }), /absent of `x` cannot be read \(ENOENT\)$/],
    ['a folder', () => ({ file: folder }), /of `x` cannot be read \(EISDIR\)$/],
    ['a function without a text', () => (() => undefined) as never, /^`x` gave no text$/],
    ['a function that rejects', () => () => Promise.reject(new Error('S3cret')), /^the function of `x` failed$/]
  ])('that cannot be read is named, and not repeated: %s', async (_, make, words) => {
    const error: unknown = await readSecret(make(), 'x').catch(thrown => thrown)
    expect(error).toBeInstanceOf(SecretUnreadable)
    expect((error as Error).message).toMatch(words)
    expect((error as Error).cause).toBeUndefined()
  })
})

it.each([
  ['', false],
  ['a', true],
  [{ file: 'a' }, true],
  [{ file: '' }, false],
  [{ file: 'a', b: 1 }, false],
  [5, false],
  [null, false],
  [() => 'a', true]
])('%j as an option', (value, fits) => {
  expect(rule.secret.fault(value) === undefined).toBe(fits)
  expect(rule.secret.isSecret).toBe(true)
})
