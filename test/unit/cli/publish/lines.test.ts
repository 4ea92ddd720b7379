import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Line, splitLines } from '../../../../cli/publish/lines.ts'

async function split(chunks: readonly Buffer[], maxBytes = 1_000): Promise<Line[]> {
  const lines: Line[] = []
  for await (const line of splitLines(
    (async function* () {
      yield* chunks
    })(),
    maxBytes
  ))
    lines.push(line)
  return lines
}

describe('lines', () => {
  it('number from 1, and the last needs no line feed', async () => {
    const lines = await split([Buffer.from('one\ntw'), Buffer.from('o\n\nfour')])
    expect(lines.map(({ number, bytes, whole }) => [number, bytes.toString(), whole])).toEqual([
      [1, 'one', true],
      [2, 'two', true],
      [3, '', true],
      [4, 'four', true]
    ])
  })

  it('come in pieces when they are too long, and the next one is whole again', async () => {
    const lines = await split([Buffer.from('12345'), Buffer.from('678'), Buffer.from('9\nab\n')], 4)
    expect(lines.map(({ number, bytes, whole, end }) => [number, bytes.toString(), whole, end])).toEqual([
      [1, '12345', false, false],
      [1, '678', false, false],
      [1, '9', false, true],
      [2, 'ab', true, true]
    ])
  })

  it('are the same however the bytes are cut, and nothing is lost', async () => {
    const text = fc.array(fc.constantFrom('a', 'é', '\n', '\n', '{"x":1}', '\r', '☕'), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(20)), fc.integer({ min: 1, max: 30 }), async (parts, cuts, maxBytes) => {
        const bytes = Buffer.from(parts.join(''))
        const chunks: Buffer[] = []
        let from = 0
        for (const cut of cuts) {
          chunks.push(bytes.subarray(from, from + cut))
          from += cut
        }
        chunks.push(bytes.subarray(from))
        const lines = await split(chunks, maxBytes)
        const expected = bytes.toString().split('\n')
        if (expected.at(-1) === '') expected.pop()
        const byNumber = Map.groupBy(lines, line => line.number)
        expect([...byNumber.keys()]).toEqual(expected.map((_, index) => index + 1))
        for (const [number, pieces] of byNumber) {
          expect(Buffer.concat(pieces.map(piece => piece.bytes)).toString()).toBe(expected[number - 1])
          expect(pieces.map(piece => piece.end)).toEqual(pieces.map((_, index) => index === pieces.length - 1))
          expect(pieces.every(piece => piece.whole)).toBe(Buffer.byteLength(expected[number - 1] ?? '') <= maxBytes)
        }
      })
    )
  })
})
