import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { describeError, type Secret } from '../../../core/index.ts'
import { passwordOf } from '../../../postgres/password.ts'

const folder = mkdtempSync(join(tmpdir(), 'password-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a file is read again each time, and the line break at its end is no part of it', async () => {
  const file = join(folder, 'password')
  const read = { file }
  writeFileSync(file, 'first \n')
  expect(await passwordOf(read)).toBe('first ')
  writeFileSync(`${file}.new`, 'second\r\n')
  renameSync(`${file}.new`, file)
  expect(await passwordOf(read)).toBe('second')
})

test('a text and a function of either kind give the password', async () => {
  expect(await passwordOf('p')).toBe('p')
  expect(await passwordOf(() => 'p')).toBe('p')
  expect(await passwordOf(async () => 'p')).toBe('p')
})

test.each<[string, unknown, RegExp]>([
  ['a file that is missing', { file: join(folder, 'none') }, /cannot be read \(ENOENT\)$/],
  ['an error that repeats a secret', () => Promise.reject(new Error('401: S3cret')), /failed$/],
  ['nothing', () => undefined, /gave no text$/],
  ['an empty text', () => '', /gave no text$/]
])('%s is an error that may pass, and says nothing secret', async (_, give, words) => {
  const failed = await passwordOf(give as Secret).catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: 'POSTGRES_UNAVAILABLE', retryable: true, message: expect.stringMatching(words) })
  expect(describeError(failed)).not.toContain('S3cret')
})
