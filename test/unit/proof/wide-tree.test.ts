import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rootOfWidePath, WideTree, widePath } from '../../../proof/index.ts'
import { runs } from '../../support/properties.ts'

const sha256 = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()
const leavesOf = (rows: number): Buffer =>
  Buffer.concat(Array.from({ length: rows }, (_, index) => sha256(Buffer.from(`${index}`))))

/** By the words of the specification: groups of sixteen from the left, a group of one goes up as it is. */
function plainRoot(leaves: Buffer): Buffer | undefined {
  let level = Array.from({ length: leaves.length / 32 }, (_, index) => leaves.subarray(index * 32, index * 32 + 32))
  while (level.length > 1)
    level = Array.from({ length: Math.ceil(level.length / 16) }, (_, index) => {
      const group = level.slice(index * 16, index * 16 + 16)
      return group.length === 1 ? (group[0] as Buffer) : sha256(Buffer.of(1), ...group)
    })
  return level[0]
}

describe('a tree of a stretch', () => {
  test('has the roots of the design, which were computed by other code', () => {
    // The rows of the design have eight columns. Their bytes are written out here.
    const row = (offset: number): Buffer => {
      const column = (bytes: Buffer) => {
        const length = Buffer.alloc(4)
        length.writeInt32BE(bytes.length)
        return Buffer.concat([length, bytes])
      }
      const int64 = (value: bigint) => {
        const bytes = Buffer.alloc(8)
        bytes.writeBigInt64BE(value)
        return bytes
      }
      const id = (last: string) => Buffer.from(`0199d6a0000070008000${last.padStart(12, '0')}`, 'hex')
      const payload =
        '{"reason": "Ten quizzes", "badge_id": "0199d6a0-0000-7000-8000-0000000000aa", "awarded_to": "0199d6a0-0000-7000-8000-0000000000bb"}'
      return Buffer.concat([
        Buffer.of(0, 8),
        ...[
          id('1'),
          id('aa'),
          int64((1_790_000_000n - 946_684_800n) * 1_000_000n),
          Buffer.from('badge.awarded'),
          Buffer.from(`\u0001${payload}`),
          Buffer.of(0, 1),
          Buffer.alloc(4),
          int64(BigInt(offset))
        ].map(column)
      ])
    }
    expect(sha256(row(4711)).toString('hex')).toBe('a82c73041bff25a2c7f495dcd55bc1cbca8a06af3ac9a6ead5fcfbced70c2ef9')
    const leaves = (rows: number) =>
      Buffer.concat(Array.from({ length: rows }, (_, index) => sha256(row(4711 + index))))
    const roots = [2, 16, 17, 300].map(rows => {
      const tree = new WideTree()
      tree.append(leaves(rows))
      return tree.root()?.toString('base64')
    })
    expect(roots).toEqual([
      'jyWyCAtB1D3bWNjC3bNz85LSE/7vW8Ev3zDqPhhHeZU=',
      '9gXHtk9txaNre25Bd7L0a0wTYekZjZ/MAacCFIJ+bLc=',
      'wSnF6nS/kdPM0wFM7oDgfDVhPZlxiGu2J2n89HwnG64=',
      'qXDfnNxHaY4fBWn4xRN5AlaU6YXCkzmChHwpGzOSUYk='
    ])
  })

  test('has the root of the specification, in whatever pieces its leaves come', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(40), fc.constantFrom(15, 16, 17, 256)), { maxLength: 6 }), pieces => {
        const tree = new WideTree()
        const all = leavesOf(pieces.reduce((sum, each) => sum + each, 0))
        let from = 0
        for (const piece of pieces) {
          tree.append(all.subarray(from * 32, (from + piece) * 32))
          from += piece
        }
        expect(tree.rows).toBe(from)
        expect(tree.root()).toEqual(plainRoot(all))
        expect(tree.root()).toEqual(plainRoot(all))
      }),
      { numRuns: runs(300) }
    )
    expect(new WideTree().root()).toBeUndefined()
  })

  test('is not changed by what is appended to its fork', () => {
    const tree = new WideTree()
    tree.append(leavesOf(300))
    const before = tree.root()
    const fork = tree.fork()
    fork.append(leavesOf(4000))
    expect(tree.root()).toEqual(before)
    expect(tree.rows).toBe(300)
    tree.append(leavesOf(4000))
    expect(fork.root()).toEqual(tree.root())
  })
})

describe('a path of a row', () => {
  const cases = fc.integer({ min: 1, max: 600 }).chain(rows => fc.tuple(fc.constant(rows), fc.nat(rows - 1)))

  test('leads to the root', () => {
    fc.assert(
      fc.property(cases, ([rows, index]) => {
        const leaves = leavesOf(rows)
        const leaf = leaves.subarray(index * 32, index * 32 + 32)
        expect(rootOfWidePath(leaf, { rows, index }, widePath(leaves, index))).toEqual(plainRoot(leaves))
      }),
      { numRuns: runs(200) }
    )
  })

  test('leads elsewhere from another leaf, and has no other shape', () => {
    fc.assert(
      fc.property(cases, fc.nat(), ([rows, index], other) => {
        const leaves = leavesOf(rows)
        const leaf = leaves.subarray(index * 32, index * 32 + 32)
        const path = widePath(leaves, index)
        expect(rootOfWidePath(Buffer.alloc(32), { rows, index }, path)).not.toEqual(plainRoot(leaves))
        for (const wrong of [path.slice(1), [...path, ...path.slice(0, 1)], [...path, { place: 0, others: [leaf] }]])
          if (wrong.length !== path.length)
            expect(() => rootOfWidePath(leaf, { rows, index }, wrong)).toThrow(
              expect.objectContaining({ code: 'PATH_INVALID' })
            )
        // The place of another row, or another number of rows, gives another shape or another root.
        const elsewhere = other % rows
        if (elsewhere === index) return
        let root: Buffer | undefined
        try {
          root = rootOfWidePath(leaf, { rows, index: elsewhere }, path)
        } catch (error) {
          expect(error).toMatchObject({ code: 'PATH_INVALID' })
        }
        expect(root).not.toEqual(plainRoot(leaves))
      }),
      { numRuns: runs(200) }
    )
    for (const index of [-1, 3, 0.5, Number.NaN])
      expect(() => rootOfWidePath(Buffer.alloc(32), { rows: 3, index }, [])).toThrow()
  })
})
