import fc from 'fast-check'

/** What a compressor says: take these bytes as they are, then repeat so many from so far back. */
interface Step {
  readonly literals: Buffer
  readonly distance: number
  readonly length: number
}

export const steps = fc
  .array(
    fc.record({
      literals: fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 40 }).map(bytes => Buffer.from(bytes)),
        fc.integer({ min: 200, max: 70_000 }).map(length => Buffer.alloc(length, `${length} `))
      ),
      back: fc.nat(),
      length: fc.oneof(fc.integer({ min: 4, max: 64 }), fc.integer({ min: 4, max: 2_000 }))
    }),
    { minLength: 1, maxLength: 8 }
  )
  .map(all => {
    let content = Buffer.alloc(0)
    const made: Step[] = []
    for (const { literals, back, length } of all) {
      content = Buffer.concat([content, literals])
      const distance = 1 + (back % Math.min(content.length, 65_535))
      made.push({ literals, distance, length })
      const from = content.length - distance
      const repeated = Buffer.from(Array.from({ length }, (_, index) => content[from + (index % distance)] as number))
      content = Buffer.concat([content, repeated])
    }
    return { steps: made, content }
  })

const longs = (rest: number): number[] =>
  rest < 15 ? [] : [...Array(Math.floor((rest - 15) / 255)).fill(255), (rest - 15) % 255]

export function lz4Block(all: readonly Step[], tail: Buffer): Buffer {
  const parts = all.map(({ literals, distance, length }) => {
    const rest = length - 4
    return Buffer.concat([
      Buffer.from([(Math.min(literals.length, 15) << 4) | Math.min(rest, 15), ...longs(literals.length)]),
      literals,
      Buffer.from([distance & 255, distance >> 8, ...longs(rest)])
    ])
  })
  const last = Buffer.from([Math.min(tail.length, 15) << 4, ...longs(tail.length)])
  return Buffer.concat([...parts, last, tail])
}

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return bytes
}

/** A frame with every optional part; the checksums are zeros, no reader compares them. */
export const lz4Frame = (blocks: readonly { bytes: Buffer; plain?: boolean }[]): Buffer =>
  Buffer.concat([
    u32(0x184d2204),
    Buffer.from([0x40 | 0x10 | 0x08 | 0x04, 0x70]),
    Buffer.alloc(8 + 1),
    ...blocks.flatMap(({ bytes, plain }) => [
      u32(plain ? bytes.length + 0x80000000 : bytes.length),
      bytes,
      Buffer.alloc(4)
    ]),
    u32(0),
    Buffer.alloc(4)
  ])

const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)])

export function snappyBlock(all: readonly Step[], size: number): Buffer {
  const parts = all.flatMap(({ literals, distance, length }) => {
    const rest = literals.length - 1
    const tag =
      rest < 60 ? [rest << 2] : rest < 256 ? [60 << 2, rest] : [62 << 2, rest & 255, (rest >> 8) & 255, rest >> 16]
    const copies: Buffer[] = []
    for (let left = length; left > 0; ) {
      const count = Math.min(left, 64)
      if (count >= 4 && count <= 11 && distance < 2_048)
        copies.push(Buffer.from([((distance >> 8) << 5) | ((count - 4) << 2) | 1, distance & 255]))
      else if (left % 2 === 0) copies.push(Buffer.from([((count - 1) << 2) | 2, distance & 255, distance >> 8]))
      else copies.push(Buffer.concat([Buffer.from([((count - 1) << 2) | 3]), u32(distance)]))
      left -= count
    }
    return [Buffer.from(tag), literals, ...copies]
  })
  return Buffer.concat([Buffer.from(varint(size)), ...parts])
}

export function javaStream(blocks: readonly Buffer[]): Buffer {
  const head = Buffer.from('82534e4150505900' + '00000001' + '00000001', 'hex')
  return Buffer.concat([
    head,
    ...blocks.flatMap(block => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(block.length)
      return [length, block]
    })
  ])
}
