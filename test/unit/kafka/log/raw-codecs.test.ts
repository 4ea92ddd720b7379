import zlib from 'node:zlib'
import { expect, test } from 'vitest'
import { decompressLz4 } from '../../../../kafka/log/compression/lz4.ts'
import { decompressSnappy } from '../../../../kafka/log/compression/snappy.ts'
import { compress, type Part } from '../../../support/kafka/raw-codecs.ts'

const parts: Part[] = [Buffer.from('before'), 5_000_000, Buffer.from('after'), 20, Buffer.from('end')]
const content = Buffer.concat(parts.map(part => (typeof part === 'number' ? Buffer.alloc(part) : part)))

test.each([
  ['gzip', (bytes: Buffer) => zlib.gunzipSync(bytes)],
  ['zstd', (bytes: Buffer) => zlib.zstdDecompressSync(bytes)],
  ['lz4', decompressLz4],
  ['snappy', decompressSnappy]
] as const)('what the tests compress by hand as %s is what it says', (codec, decompress) => {
  expect(Buffer.compare(decompress(compress[codec](parts), content.length), content)).toBe(0)
})
