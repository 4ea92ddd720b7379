import { expect, test } from 'vitest'
import { leave, mayBeStored } from '../../../producers/dispatch/leaving.ts'

const batch = (...done: boolean[]) => ({
  items: done.map(each => ({ done: each, bytes: 1, deadline: 0 })),
  sent: false
})
const outOfReach = { sent: true, retryable: true }

test('a batch that left may be stored when no answer came', () => {
  const flying = batch(false, false)
  leave(flying)
  expect(mayBeStored(flying, outOfReach, false)).toBe(true)
})

test('a batch with an event that was given up is held back, and has not left with the rest of its request', () => {
  const other = batch(false)
  const held = batch(false, true)
  leave(other)
  expect(() => leave(held)).toThrow()
  // Both get the error of the one request: part of it had been made already.
  expect(mayBeStored(other, outOfReach, false)).toBe(true)
  expect(mayBeStored(held, outOfReach, false)).toBe(false)
})

test('what a broker refused is not stored by this attempt; what an attempt before may have stored stays so', () => {
  const refused = batch(false)
  leave(refused)
  expect(mayBeStored(refused, { sent: true, retryable: false }, false)).toBe(false)
  expect(mayBeStored(refused, { sent: true, retryable: false }, true)).toBe(true)
  expect(mayBeStored(batch(false), { sent: false, retryable: true }, true)).toBe(true)
})

test('a batch that left once leaves again as it was, also with events that were given up as unknown', () => {
  const again = { ...batch(true, false), sent: true }
  expect(() => leave(again)).not.toThrow()
})
