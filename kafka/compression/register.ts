import zlib from 'node:zlib'
import kafkajs from 'kafkajs'
import { decompressLz4 } from './lz4.ts'
import { decompressSnappy } from './snappy.ts'

const { CompressionCodecs, CompressionTypes } = kafkajs

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>
  decompress(bytes: Buffer): Promise<Buffer>
}

type Compression = keyof typeof CompressionCodecs

const codecs: readonly (readonly [Compression, Codec])[] = [
  [
    CompressionTypes.ZSTD,
    {
      compress: async ({ buffer }) => zlib.zstdCompressSync(buffer),
      decompress: async bytes => zlib.zstdDecompressSync(bytes)
    }
  ],
  [CompressionTypes.LZ4, readOnly('LZ4', decompressLz4)],
  [CompressionTypes.Snappy, readOnly('Snappy', decompressSnappy)]
]

/**
 * Teaches kafkajs what it cannot read by itself: a batch of a codec that is not registered ends the consumer, and
 * publishers in other languages use any of them. A codec that the program has registered already stays.
 */
export function registerCodecs(): void {
  for (const [type, codec] of codecs) if (!isRegistered(type)) CompressionCodecs[type] = () => codec
}

// kafkajs has entries for all of them; those of missing codecs throw.
function isRegistered(type: Compression): boolean {
  try {
    return CompressionCodecs[type]?.() !== undefined
  } catch {
    return false
  }
}

function readOnly(name: string, decompress: (bytes: Buffer) => Buffer): Codec {
  return {
    compress: async () => {
      throw new Error(`eventtrail reads ${name}, and does not write it`)
    },
    decompress: async bytes => decompress(bytes)
  }
}
