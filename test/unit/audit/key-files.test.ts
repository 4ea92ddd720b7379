import { expect, test } from 'vitest'
import { isOpen } from '../../../audit/keys/files.ts'

const [root, own, self] = [0, 1000, 1000]

test.each([
  ['its owner alone', 0o600, own, false],
  ['its owner alone, who may not write', 0o400, own, false],
  ['its group', 0o640, own, true],
  ['all', 0o604, own, true],
  // A Secret of Kubernetes, with fsGroup.
  ['a group, of a file of root', 0o440, root, false],
  ['a group that may write, of a file of root', 0o460, root, true],
  ['all, of a file of root', 0o444, root, true]
])('a key that is read by %s', (_, mode, uid, expected) => {
  expect(isOpen({ mode: 0o100_000 | mode, uid }, self)).toBe(expected)
})

test('root itself keeps its keys from groups', () => {
  expect(isOpen({ mode: 0o440, uid: root }, root)).toBe(true)
})
