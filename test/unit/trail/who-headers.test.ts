import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Header, headerLimits } from '../../../kafka/headers.ts'
import { isWho, whoNames } from '../../../schemas/who.ts'
import { CopyBuffer } from '../../../trail/rows/copy-buffer.ts'
import { WhoHeaders } from '../../../trail/rows/who-headers.ts'
import { runs } from '../../support/properties.ts'

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}

/** Headers as a record of Kafka has them (KIP-98). */
const wireOf = (headers: readonly Header[], count = headers.length): Buffer =>
  Buffer.concat([
    varint(count),
    ...headers.flatMap(([name, value]) => [
      varint(Buffer.byteLength(name)),
      Buffer.from(name),
      varint(value?.length ?? -1),
      value ?? Buffer.alloc(0)
    ])
  ])

/** What is written, read by the description of COPY's format. */
function columnsOf(who: WhoHeaders): (string | null)[] {
  const out = new CopyBuffer(16)
  who.write(out)
  const columns: (string | null)[] = []
  for (let at = 0; at < out.at; ) {
    const length = out.bytes.readInt32BE(at)
    const end = at + 4 + Math.max(0, length)
    columns.push(length < 0 ? null : out.bytes.toString('utf8', at + 4, end))
    at = end
  }
  return columns
}

function read(bytes: Buffer): (string | null)[] {
  const who = new WhoHeaders()
  const around = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')])
  who.read(around, 6, 6 + bytes.length)
  return columnsOf(who)
}

const text = (name: string, value: string): Header => [name, Buffer.from(value)]
const none = [null, null, null]

describe('who caused an event, by the headers of its record', () => {
  it('is written as three columns, wherever the headers are among others', () => {
    const headers = [
      text('causation', '1'),
      text('traceparent', traceparent),
      text('', 'x'),
      text('actor', 'teacher-7'),
      text('source', 'gradebook'),
      text('tracestate', 'a=1')
    ]
    expect(read(wireOf(headers))).toEqual(['gradebook', 'teacher-7', traceparent])
  })

  it.each([
    ['there are no headers', []],
    [
      'they have other names of the same lengths',
      [text('sourcE', 'a'), text('actoR', 'b'), text('Traceparent', traceparent)]
    ],
    [
      'they have no value',
      [
        ['source', null],
        ['actor', null],
        ['traceparent', null]
      ] as Header[]
    ],
    ['their values are empty', [text('source', ''), text('actor', ''), text('traceparent', '')]],
    ['the actor is an e-mail address', [text('actor', 'ada@school.example')]],
    ['the actor is a name', [text('actor', 'Ada Lovelace')]],
    ['the actor is a name of one word in UTF-8', [text('actor', 'Zoë')]],
    ['a value has U+0000', [text('actor', 'a\u0000b'), text('source', '\u0000')]],
    ['a value is not UTF-8', [['actor', Buffer.from([0x61, 0xff])]] as Header[]],
    ['a value is one character too long', [text('actor', 'a'.repeat(256)), text('source', 's'.repeat(101))]],
    ['a value is very long', [text('actor', 'a'.repeat(500_000))]],
    ['the last one of a name is bad', [text('actor', 'teacher-7'), text('actor', 'a b')]],
    ['the trace id is zero', [text('traceparent', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`)]],
    ['the parent id is zero', [text('traceparent', `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`)]],
    ['the version is ff', [text('traceparent', `ff${traceparent.slice(2)}`)]],
    ['its digits are upper case', [text('traceparent', traceparent.toUpperCase())]]
  ])('is null where %s', (_, headers) => {
    expect(read(wireOf(headers))).toEqual(none)
    const who = new WhoHeaders()
    who.take(headers)
    expect(columnsOf(who)).toEqual(none)
  })

  it('is what the last header of a name says, and the greatest values fit', () => {
    const [source, actor] = ['s'.repeat(100), '~'.repeat(255)]
    const headers = [text('actor', 'a b'), text('source', source), text('actor', actor)]
    expect(read(wireOf(headers))).toEqual([source, actor, null])
  })

  it('is null where the bytes are no headers, or more than are read', () => {
    const good = wireOf([text('actor', 'teacher-7')])
    for (let end = 0; end < good.length; end += 1) expect(read(good.subarray(0, end))).toEqual(none)
    expect(read(Buffer.concat([good, Buffer.of(0)]))).toEqual(none)
    expect(read(wireOf([text('actor', 'teacher-7')], 2))).toEqual(none)
    expect(read(wireOf([text('actor', 'teacher-7')], -1))).toEqual(none)
    expect(read(Buffer.alloc(12, 0xff))).toEqual(none)
    const many = Array.from({ length: headerLimits.count }, () => text('a', ''))
    expect(read(wireOf([...many.slice(1), text('actor', 'teacher-7')]))).toEqual([null, 'teacher-7', null])
    expect(read(wireOf([...many, text('actor', 'teacher-7')]))).toEqual(none)
    expect(read(wireOf([text('a', 'x'.repeat(headerLimits.bytes)), text('actor', 'teacher-7')]))).toEqual(none)
  })

  it('is nothing of the record before', () => {
    const who = new WhoHeaders()
    const bytes = wireOf([text('actor', 'teacher-7'), text('source', 'gradebook'), text('traceparent', traceparent)])
    who.read(bytes, 0, bytes.length)
    who.read(wireOf([]), 0, 1)
    expect(columnsOf(who)).toEqual(none)
    who.read(bytes, 0, bytes.length)
    who.forget()
    expect(columnsOf(who)).toEqual(none)
  })

  it('follows the rules for publishing, and never throws', () => {
    const nearly = fc.constantFrom(traceparent, 'teacher-7', 'a@b', 'a b', '').chain(base =>
      fc.tuple(fc.nat(base.length), fc.nat(255)).map(([place, byte]) => {
        const bytes = Buffer.from(`${base} `.slice(0, base.length))
        if (place < bytes.length) bytes[place] = byte
        return bytes
      })
    )
    const value = fc.option(
      fc.oneof(
        nearly,
        fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))
      )
    )
    const header = fc.tuple(fc.constantFrom(...whoNames, 'other', '__proto__'), value) as fc.Arbitrary<Header>
    fc.assert(
      fc.property(fc.array(header, { maxLength: 6 }), headers => {
        const expected = whoNames.map(name => {
          const last = headers.findLast(each => each[0] === name)?.[1]?.toString('latin1')
          return last !== undefined && isWho(name, last) ? last : null
        })
        expect(read(wireOf(headers))).toEqual(expected)
        const who = new WhoHeaders()
        who.take(headers)
        expect(columnsOf(who)).toEqual(expected)
      }),
      { numRuns: runs(2_000) }
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        expect(read(Buffer.from(bytes))).toHaveLength(3)
      }),
      { numRuns: runs(2_000) }
    )
  })
})
