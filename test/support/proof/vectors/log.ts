import {
  bundlePath,
  composeBundle,
  consistencyPath,
  emptyRoot,
  entryHash,
  inclusionPath,
  logRoot,
  newTiles,
  readerOf,
  tilePath
} from '../../../../proof/index.ts'

export const origin = 'school.example/trail'

const logEntries = Array.from({ length: 300 }, (_, index) => Buffer.from(`entry ${index}`))
/** The hashes of the log of the vectors. */
export const read = readerOf(logEntries.map(entryHash))
const base64 = (each: Buffer): string => each.toString('base64')

export const logVectors = (): object => ({
  entries: 'the texts "entry 0" to "entry 299"',
  empty_root: base64(emptyRoot),
  roots: [1, 2, 3, 7, 8, 255, 256, 257, 300].map(size => ({ size, root: base64(logRoot(size, read)) })),
  inclusion: (
    [
      [0, 1],
      [2, 3],
      [6, 7],
      [255, 256],
      [256, 257],
      [37, 300]
    ] as const
  ).map(([index, size]) => ({ index, size, path: inclusionPath(index, size, read).map(base64) })),
  consistency: (
    [
      [0, 7],
      [1, 2],
      [3, 7],
      [4, 8],
      [256, 257],
      [257, 300],
      [300, 300]
    ] as const
  ).map(([older, size]) => ({ older, size, path: consistencyPath(older, size, read).map(base64) }))
})

export const tileVectors = (): object => ({
  new_tiles: (
    [
      [0, 300],
      [256, 300],
      [0, 256],
      [0, 70_000],
      [69_999, 70_000]
    ] as const
  ).map(([older, size]) => {
    const tiles = newTiles(older, size)
    return { older, size, count: tiles.length, last: tiles.slice(-4).map(tilePath) }
  }),
  bundle_path: bundlePath({ index: 1_234_067, width: 256 }),
  bundle_hex: composeBundle([Buffer.from('one'), Buffer.alloc(0), Buffer.from('three')]).toString('hex')
})
