import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { Frontier } from '../../../audit/sealer/frontier.ts'
import { composeTile, logRoot, newTiles, readerOf, type Tile, tilePath } from '../../../proof/index.ts'

const hashes = Array.from({ length: 70_000 }, () => randomBytes(32))
const read = readerOf(hashes)
const tileOf = async (tile: Tile): Promise<Buffer> => composeTile(tile, read)

// Around full tiles of both levels, where a mistake would show.
const sizes = [0, 1, 2, 255, 256, 257, 511, 512, 513, 1_000, 65_535, 65_536, 65_537, 69_999]

test.each(sizes)('a frontier that is read from the tiles of %d entries has their root', async size => {
  const asked: Tile[] = []
  const frontier = await Frontier.read(size, tile => {
    asked.push(tile)
    return tileOf(tile)
  })
  expect(frontier.size).toBe(size)
  expect(frontier.root).toEqual(logRoot(size, read))
  expect(asked.every(({ width }) => width < 256)).toBe(true)
})

test('root and new tiles are those of all entries, however many come at once, and with full tiles forgotten', async () => {
  const frontier = new Frontier()
  let from = 0
  for (const size of [...sizes.slice(1), 70_000]) {
    for (const hash of hashes.slice(from, size)) frontier.append(hash)
    expect(frontier.size).toBe(size)
    expect(frontier.root).toEqual(logRoot(size, read))
    for (const tile of newTiles(from, size))
      expect(composeTile(tile, frontier.reader).equals(composeTile(tile, read)), tilePath(tile)).toBe(true)
    frontier.trim()
    expect(frontier.root).toEqual(logRoot(size, read))
    from = size
  }
  expect(() => frontier.reader(0, 0)).toThrow(RangeError)
})

test('a frontier that was read continues as one that never ended', async () => {
  for (const size of [0, 200, 256, 65_500, 65_536]) {
    const frontier = await Frontier.read(size, tileOf)
    for (const hash of hashes.slice(size, size + 600)) frontier.append(hash)
    expect(frontier.root).toEqual(logRoot(size + 600, read))
    for (const tile of newTiles(size, size + 600))
      expect(composeTile(tile, frontier.reader).equals(composeTile(tile, read)), tilePath(tile)).toBe(true)
  }
})
