import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkConsistency,
  checkInclusion,
  composeBundle,
  composeTile,
  consistencyPath,
  emptyRoot,
  entryHash,
  inclusionPath,
  logRoot,
  maxEntryBytes,
  newTiles,
  parseBundle,
  readerOf,
  tilePath,
  tileReader
} from '../../../proof/index.ts'
import { runs } from '../../support/properties.ts'

const hashes = Array.from({ length: 700 }, (_, index) => entryHash(Buffer.from(`${index}`)))
const read = readerOf(hashes)

/** RFC 6962, section 2.1, word by word. */
function plainRoot(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves
  if (!first) return createHash('sha256').digest()
  if (leaves.length === 1) return first
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  const [left, right] = [plainRoot(leaves.slice(0, split)), plainRoot(leaves.slice(split))]
  return createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest()
}

const sizes = fc.integer({ min: 1, max: hashes.length })
const invalid = expect.objectContaining({ code: 'PATH_INVALID' })

describe('the tree of the log', () => {
  test('has the roots of RFC 6962', () => {
    for (const size of [0, 1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 257, 700])
      expect(logRoot(size, read)).toEqual(plainRoot(hashes.slice(0, size)))
    expect(emptyRoot.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  test('proves that an entry is in it, and no other', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (size, some, other) => {
        const index = some % size
        const root = logRoot(size, read)
        const path = inclusionPath(index, size, read)
        const leaf = hashes[index] as Buffer
        checkInclusion(leaf, { index, size, root }, path)
        const elsewhere = other % size
        if (elsewhere !== index)
          expect(() => checkInclusion(leaf, { index: elsewhere, size, root }, path)).toThrow(invalid)
        expect(() => checkInclusion(entryHash(leaf), { index, size, root }, path)).toThrow(invalid)
        expect(() => checkInclusion(leaf, { index, size, root }, [...path, root])).toThrow(invalid)
        if (path.length > 0) expect(() => checkInclusion(leaf, { index, size, root }, path.slice(1))).toThrow(invalid)
      }),
      { numRuns: runs(300) }
    )
    expect(() => checkInclusion(emptyRoot, { index: 0, size: 0, root: emptyRoot }, [])).toThrow(invalid)
  })

  test('proves that it continues an older one, and no other', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), (size, some) => {
        const older = { size: some % (size + 1), root: logRoot(some % (size + 1), read) }
        const newer = { size, root: logRoot(size, read) }
        const path = consistencyPath(older.size, size, read)
        checkConsistency(older, newer, path)
        const forked = { ...older, root: entryHash(older.root) }
        expect(() => checkConsistency(forked, newer, path)).toThrow(invalid)
        expect(() => checkConsistency(older, newer, [...path, older.root])).toThrow(invalid)
        if (path.length > 0) expect(() => checkConsistency(older, newer, path.slice(1))).toThrow(invalid)
        if (older.size < size) {
          if (older.size > 0)
            expect(() => checkConsistency(older, { ...newer, root: entryHash(newer.root) }, path)).toThrow(invalid)
          expect(() => checkConsistency(newer, older, path)).toThrow(invalid)
        }
      }),
      { numRuns: runs(300) }
    )
  })
})

describe('tiles', () => {
  test.each([1, 2, 255, 256, 257, 511, 512, 700])('of a log of %i entries give its root and its proofs', size => {
    const store = new Map(newTiles(0, size).map(tile => [tilePath(tile), composeTile(tile, read)]))
    const fromTiles = tileReader(size, tile => store.get(tilePath(tile)) ?? Buffer.alloc(0))
    expect(logRoot(size, fromTiles)).toEqual(logRoot(size, read))
    expect(inclusionPath(size - 1, size, fromTiles)).toEqual(inclusionPath(size - 1, size, read))
    expect(consistencyPath(Math.ceil(size / 2), size, fromTiles)).toEqual(
      consistencyPath(Math.ceil(size / 2), size, read)
    )
  })

  test('that are new make, with those before, all tiles of the log', () => {
    fc.assert(
      fc.property(fc.nat(200_000), fc.nat(200_000), (one, two) => {
        const [older, size] = [Math.min(one, two), Math.max(one, two)]
        const paths = (from: number, to: number) => newTiles(from, to).map(tilePath)
        const all = new Set([...paths(0, older), ...paths(older, size)])
        for (const path of paths(0, size)) expect(all).toContain(path)
        if (older === size) expect(paths(older, size)).toEqual([])
      }),
      { numRuns: runs(50) }
    )
    expect(newTiles(0, 70_000)).toHaveLength(273 + 1 + 1 + 1 + 1)
    expect(newTiles(0, 256).map(tilePath)).toEqual(['tile/0/000', 'tile/1/000.p/1'])
    expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067')
  })

  test('with too few hashes are refused', () => {
    const short = tileReader(3, () => Buffer.alloc(64))
    expect(() => logRoot(3, short)).toThrow(expect.objectContaining({ code: 'TILE_INVALID' }))
  })

  test('bundles of entries are read as they were composed', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9 }), { minLength: 1, maxLength: 5 }), each => {
        const entries = each.map(bytes => Buffer.from(bytes))
        const bundle = composeBundle(entries)
        expect(parseBundle(bundle, entries.length)).toEqual(entries)
        for (const wrong of [bundle.subarray(0, -1), Buffer.concat([bundle, Buffer.of(0)])])
          expect(() => parseBundle(wrong, entries.length)).toThrow(expect.objectContaining({ code: 'TILE_INVALID' }))
        expect(() => parseBundle(bundle, entries.length + 1)).toThrow(expect.objectContaining({ code: 'TILE_INVALID' }))
      })
    )
    expect(() => composeBundle([Buffer.alloc(maxEntryBytes + 1)])).toThrow('too long')
  })
})
