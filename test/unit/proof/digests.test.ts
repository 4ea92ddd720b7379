import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { AsideDigest, type AsideLine, keptDigest, quarantineDigest, wordsDigest } from '../../../proof/index.ts'

const sha256 = (...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const digest = Buffer.alloc(32, 0xab)
const lines: readonly AsideLine[] = [
  { kind: 'duplicate', offset: 5, id: '0199d6a0-0000-7000-8000-000000000001' },
  { kind: 'quarantined', offset: 6, code: 'CONFLICT', digest },
  { kind: 'quarantined', offset: 7, last: 9, code: 'BATCH_CORRUPT', digest },
  { kind: 'lost', offset: 10, last: 10 }
]

test('the offsets that are no rows have the digest of their lines', () => {
  const list = new AsideDigest()
  expect(list.digest()).toBeNull()
  for (const line of lines) list.add(line)
  const hex = 'ab'.repeat(32)
  const text = `d 5 0199d6a0-0000-7000-8000-000000000001\nq 6 CONFLICT ${hex}\nb 7 9 BATCH_CORRUPT ${hex}\nl 10 10\n`
  expect(list.digest()).toBe(sha256(text).toString('base64'))
  const fork = list.fork()
  fork.add({ kind: 'lost', offset: 11, last: 12 })
  expect(list.digest()).toBe(sha256(text).toString('base64'))
  expect(fork.digest()).toBe(sha256(text, 'l 11 12\n').toString('base64'))
})

test('a quarantined record has the digest of its bytes, whatever the form of its headers', () => {
  const record = { timestamp: 1n, key: null, value: Buffer.from('v'), headers: '[["a",1.0]]' }
  const bytes = Buffer.from('02' + '0000000000000001' + 'ffffffff' + '00000001' + '76', 'hex')
  expect(quarantineDigest(record)).toEqual(sha256(bytes, '[["a", 1.0]]'))
  expect(quarantineDigest({ ...record, headers: ' [ [ "a" , 1.0 ] ]' })).toEqual(quarantineDigest(record))
  const others = [
    { ...record, key: Buffer.alloc(0) },
    { ...record, timestamp: 2n },
    { ...record, value: null }
  ]
  for (const other of others) expect(quarantineDigest(other)).not.toEqual(quarantineDigest(record))
})

test('words have the digest of their salt and canonical JSON, leaves that of their bytes', () => {
  const salt = Buffer.alloc(16, 1)
  expect(wordsDigest(salt, '{"bb":1,"a":2}')).toBe(sha256(salt, '{"a": 2, "bb": 1}').toString('base64'))
  expect(keptDigest(digest)).toBe(sha256(digest).toString('base64'))
  expect(keptDigest(Buffer.alloc(0))).toBeNull()
})
