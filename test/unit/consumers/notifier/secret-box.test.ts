import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { keysOf, SecretBox } from '../../../../consumers/notifier/webhooks/secret-box.ts'

const [one, other] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]
const box = (text: string) => new SecretBox(keysOf(text))

test('what is sealed is opened by its key, for its owner, and by no other', () => {
  const sealed = box(one).seal('whsec_secret', 'stock')
  expect(box(one).open(sealed, 'stock')).toBe('whsec_secret')
  expect(sealed.toString('latin1')).not.toContain('secret')
  const unreadable = expect.objectContaining({ code: 'SECRET_UNREADABLE' })
  expect(() => box(other).open(sealed, 'stock')).toThrow(unreadable)
  expect(() => box(one).open(sealed, 'billing')).toThrow(unreadable)
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed)
    changed[at] = (changed[at] as number) ^ 1
    expect(() => box(one).open(changed, 'stock')).toThrow(unreadable)
  }
  for (const length of [0, 1, 20, sealed.length - 1])
    expect(() => box(one).open(sealed.subarray(0, length), 'stock')).toThrow(unreadable)
})

test('a key is replaced: the first one seals, those of before still open', () => {
  const before = box(one).seal('whsec_before', 'stock')
  const both = box(`${other},${one}`)
  expect(both.open(before, 'stock')).toBe('whsec_before')
  expect(box(other).open(both.seal('whsec_after', 'stock'), 'stock')).toBe('whsec_after')
})

test.each(['', 'short', 'c2hvcnQ=', `${one},`, 'x'.repeat(64)])('%j is no key, and is not repeated', text => {
  expect(() => keysOf(text)).toThrow(/^expected 32 random bytes in base64, such as `openssl rand -base64 32` prints$/)
})
