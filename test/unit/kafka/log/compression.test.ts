import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { decompress as decompressWithin } from '../../../../kafka/log/compression/decompress.ts'
import { javaStream, lz4Block, lz4Frame, snappyBlock, steps, u32 } from '../../../support/kafka/compressors.ts'
import { runs } from '../../../support/properties.ts'

const mebibyte = 1024 * 1024
const codecs = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 }
const decompress = (codec: keyof typeof codecs, bytes: Buffer, maxBytes = 64 * mebibyte): Buffer =>
  decompressWithin(codecs[codec], bytes, maxBytes).bytes

describe('LZ4', () => {
  it('comes back as it was, also over blocks that point into the ones before', () => {
    fc.assert(
      fc.property(steps, fc.uint8Array({ maxLength: 300 }), ({ steps: all, content }, rest) => {
        const tail = Buffer.from(rest)
        const frame = lz4Frame([
          { bytes: Buffer.from('plain'), plain: true },
          { bytes: lz4Block(all, tail) },
          { bytes: lz4Block([{ literals: Buffer.from('x'), distance: 1, length: 9 }], Buffer.from('end')) }
        ])
        const whole = Buffer.concat([Buffer.from('plain'), content, tail, Buffer.from('xxxxxxxxxxend')])
        expect(decompress('lz4', frame).equals(whole)).toBe(true)
        // What follows the end mark is ignored, be it another frame.
        expect(decompress('lz4', Buffer.concat([frame, frame])).equals(whole)).toBe(true)
        expect(decompress('lz4', Buffer.concat([frame, Buffer.from(rest)])).equals(whole)).toBe(true)
      })
    )
  })

  it.each([
    ['other bytes', Buffer.from('no frame at all')],
    ['another version', Buffer.concat([u32(0x184d2204), Buffer.from([0x00, 0x40, 0, 0, 0, 0, 0])])],
    ['a block longer than the bytes', lz4Frame([{ bytes: Buffer.from('plain'), plain: true }]).subarray(0, 21)],
    ['literals past the end of the block', lz4Frame([{ bytes: Buffer.from([0xf0, 0xff, 0x00, 1]) }])],
    ['a match before the beginning', lz4Frame([{ bytes: Buffer.from([0x10, 0x41, 0x09, 0x00]) }])]
  ])('refuses %s', (_, bytes) => {
    expect(() => decompress('lz4', bytes)).toThrow()
  })
})

describe('Snappy', () => {
  it('comes back as it was, as a block and in the stream of Java’s clients', () => {
    fc.assert(
      fc.property(steps, ({ steps: all, content }) => {
        const block = snappyBlock(all, content.length)
        expect(decompress('snappy', block).equals(content)).toBe(true)
        const twice = Buffer.concat([content, content])
        expect(decompress('snappy', javaStream([block, block])).equals(twice)).toBe(true)
        const stream = javaStream([block])
        expect(decompress('snappy', Buffer.concat([stream, stream])).equals(twice)).toBe(true)
        expect(decompress('snappy', Buffer.concat([stream, Buffer.from('xyz')])).equals(content)).toBe(true)
      })
    )
    expect(decompress('snappy', Buffer.from([0]))).toHaveLength(0)
  })

  it.each([
    ['a length that is not so', Buffer.from([9, 0x00, 0x41])],
    ['literals past the end', Buffer.from([9, 8 << 2, 0x41])],
    ['a copy from before the beginning', Buffer.from([9, 0x00, 0x41, 0x01, 0x07])],
    ['a stream that is cut short', javaStream([Buffer.from([1, 0, 0x41])]).subarray(0, 21)],
    ['a copy from the block before', javaStream([Buffer.from([1, 0, 0x41]), Buffer.from([4, 0x01, 0x01])])],
    ['nothing', Buffer.alloc(0)]
  ])('refuses %s', (_, bytes) => {
    expect(() => decompress('snappy', bytes)).toThrow()
  })
})

const texts = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
    fc.integer({ min: 0, max: 70_000 }).map(length => Buffer.alloc(length, `${length} `))
  ),
  { minLength: 1, maxLength: 4 }
)

describe('zstd', () => {
  const skippable = (content: Buffer) =>
    Buffer.concat([u32(0x184d2a50 + (content.length % 16)), u32(content.length), content])

  it('is read frame by frame, with skippable ones before, between and after', () => {
    fc.assert(
      fc.property(
        texts,
        fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 5, maxLength: 5 }),
        (parts, skipped) => {
          const frames = parts.flatMap((part, index) => [
            skippable(Buffer.from(skipped[index] ?? [])),
            zlib.zstdCompressSync(part, { params: { [zlib.constants.ZSTD_c_checksumFlag]: index % 2 } })
          ])
          const bytes = Buffer.concat([...frames, skippable(Buffer.from(skipped[4] ?? []))])
          expect(decompress('zstd', bytes).equals(Buffer.concat(parts))).toBe(true)
        }
      )
    )
  })

  it.each([
    ['other bytes', Buffer.from('no frame at all')],
    ['other bytes behind a frame', Buffer.concat([zlib.zstdCompressSync(Buffer.from('abc')), Buffer.from('garbage!')])],
    ['a frame that is cut short', zlib.zstdCompressSync(Buffer.alloc(1_000, 'abc')).subarray(0, -3)],
    ['nothing', Buffer.alloc(0)]
  ])('refuses %s', (_, bytes) => {
    expect(() => decompress('zstd', bytes)).toThrow()
  })
})

describe('very many pieces in one batch', () => {
  const empty = zlib.zstdCompressSync('')
  const many = (piece: Buffer, count: number) => Buffer.concat(Array.from({ length: count }, () => piece))
  const letter = Buffer.from('a')

  it.each([
    ['zstd', zlib.zstdCompressSync(letter)],
    ['gzip', zlib.gzipSync(letter)]
  ] as const)('of %s are joined up to a bound', (codec, piece) => {
    expect(decompress(codec, many(piece, 1_000)).equals(Buffer.alloc(1_000, 'a'))).toBe(true)
    expect(() => decompress(codec, many(piece, 1_001))).toThrow('more than 1000 pieces')
  })

  it('are joined up to the limit of a batch', () => {
    const half = zlib.zstdCompressSync(Buffer.alloc(600))
    expect(decompress('zstd', many(half, 2), 1_200)).toHaveLength(1_200)
    expect(() => decompress('zstd', many(half, 2), 1_199)).toThrow('more than 1199 bytes')
  })

  it('that are passed over count as nothing', () => {
    const skipped = many(Buffer.concat([u32(0x184d2a50), u32(0)]), 20_000)
    const bytes = Buffer.concat([skipped, empty, skipped, zlib.zstdCompressSync(letter), skipped])
    expect(decompress('zstd', bytes).equals(letter)).toBe(true)
  })
})

describe('gzip', () => {
  const one = zlib.gzipSync('abc')
  /** A member with every optional part of a head. */
  function decorated(content: Buffer): Buffer {
    const plain = zlib.gzipSync(content)
    const head = Buffer.concat([
      plain.subarray(0, 3),
      Buffer.of(0x1f),
      plain.subarray(4, 10),
      Buffer.from('\x03\0abcname\0comment\0', 'latin1')
    ])
    const checksum = Buffer.alloc(2)
    checksum.writeUInt16LE(zlib.crc32(head) & 0xffff)
    return Buffer.concat([head, checksum, plain.subarray(10)])
  }

  it('is read member by member, up to what is no head of another one', () => {
    const tails = fc.oneof(
      fc.constant(Buffer.alloc(0)),
      fc.constant(Buffer.alloc(30)),
      fc.constant(Buffer.from('garbage! garbage! garbage!')),
      // A head that says of another way to compress, and one that is cut short.
      fc.constant(Buffer.from('1f8bffff00000000', 'hex')),
      fc.constant(Buffer.from('1f8b0808000000000003616263', 'hex'))
    )
    fc.assert(
      fc.property(texts, fc.boolean(), tails, (parts, decorate, tail) => {
        const bytes = Buffer.concat([...parts.map(part => (decorate ? decorated(part) : zlib.gzipSync(part))), tail])
        expect(decompress('gzip', bytes).equals(Buffer.concat(parts))).toBe(true)
      })
    )
  })

  it.each([
    ['other bytes', Buffer.from('no member at all')],
    ['zlib without the head of gzip', zlib.deflateSync('abc')],
    ['a wrong checksum', Buffer.concat([one.subarray(0, -8), u32(1), one.subarray(-4)])],
    ['a wrong length', Buffer.concat([one.subarray(0, -4), u32(4)])],
    ['a member that is cut short', one.subarray(0, -6)],
    ['a second member that is broken', Buffer.concat([one, one.subarray(0, 10), Buffer.from('no deflate')])],
    ['nothing', Buffer.alloc(0)]
  ])('refuses %s', (_, bytes) => {
    expect(() => decompress('gzip', bytes)).toThrow()
  })
})

describe('the limit', () => {
  const zeros = Buffer.alloc(2 * mebibyte)
  const zeroSteps = [{ literals: Buffer.alloc(1), distance: 1, length: zeros.length - 1 }]
  const compressed: [keyof typeof codecs, Buffer][] = [
    ['gzip', zlib.gzipSync(zeros)],
    ['gzip', Buffer.concat([zlib.gzipSync(zeros.subarray(mebibyte)), zlib.gzipSync(zeros.subarray(mebibyte))])],
    ['zstd', zlib.zstdCompressSync(zeros)],
    [
      'zstd',
      Buffer.concat([zlib.zstdCompressSync(zeros.subarray(mebibyte)), zlib.zstdCompressSync(zeros.subarray(mebibyte))])
    ],
    ['lz4', lz4Frame([{ bytes: lz4Block(zeroSteps, Buffer.alloc(0)) }])],
    ['snappy', snappyBlock(zeroSteps, zeros.length)],
    ['snappy', javaStream([snappyBlock(zeroSteps, zeros.length)])]
  ]

  it.each(compressed)('is kept by %s, to the byte', (codec, bytes) => {
    expect(decompress(codec, bytes, zeros.length).equals(zeros)).toBe(true)
    const tooLarge = expect.objectContaining({ name: 'ContentTooLarge' })
    expect(() => decompress(codec, bytes, zeros.length - 1)).toThrow(tooLarge)
    expect(() => decompress(codec, bytes, 100)).toThrow(tooLarge)
  })

  it('is compared with what Snappy says of its length before anything is allocated', () => {
    // 1.5 GiB in a block without content.
    const bytes = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x06, 0x00, 0x41])
    const before = process.memoryUsage.rss()
    expect(() => decompress('snappy', bytes)).toThrow(expect.objectContaining({ name: 'ContentTooLarge' }))
    expect(process.memoryUsage.rss() - before).toBeLessThan(512 * mebibyte)
  })
})

test('bytes that are no compression at all are refused, never read out of bounds or without end', () => {
  const valid = fc.oneof(
    texts.map(parts => [1, Buffer.concat(parts.map(part => zlib.gzipSync(part)))] as const),
    steps.map(({ steps: all, content }) => [2, snappyBlock(all, content.length)] as const),
    steps.map(({ steps: all }) => [3, lz4Frame([{ bytes: lz4Block(all, Buffer.from('tail')) }])] as const),
    texts.map(parts => [4, Buffer.concat(parts.map(part => zlib.zstdCompressSync(part)))] as const)
  )
  const flaws = fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(valid, flaws, fc.nat(), ([codec, bytes], all, cut) => {
      const broken = Buffer.from(bytes.subarray(0, bytes.length - (cut % 2 === 0 ? 0 : cut % bytes.length)))
      for (const { at, to } of all) if (broken.length > 0) broken[at % broken.length] = to
      try {
        expect(decompressWithin(codec, broken, 4 * mebibyte).bytes.length).toBeLessThanOrEqual(4 * mebibyte)
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
      }
    }),
    { numRuns: runs(1_000) }
  )
  expect(() => decompressWithin(5, Buffer.alloc(10), mebibyte)).toThrow('5')
})
