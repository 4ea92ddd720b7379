import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import {
  type AvroRecord,
  avroType,
  catalogueOf,
  decodeEnvelope,
  encodeEnvelope,
  envelopeReader,
  readSchemaId,
  renumberEnvelope,
  SchemaError
} from '../../../schemas/index.ts'
import { anyText, runs } from '../../support/properties.ts'

const uuid = '0190F0A0-AAAA-7000-8000-00000000000B'
const lesson = { lesson_id: uuid, instructor_id: uuid, course_id: uuid }
const identity = { id: uuid, aggregate_id: uuid, occurred_at: 1_752_000_000_123_456n }
const latest = catalogue.version('lesson.published')
const first = catalogue.version('lesson.published', 1)
const value = encodeEnvelope(latest, 4711, { ...identity, payload: { ...lesson, title: 'Fractions' } }, 2)

function failure(work: () => unknown): SchemaError {
  try {
    work()
  } catch (error) {
    if (error instanceof SchemaError) return error
    throw error
  }
  throw new Error('it did not fail')
}

describe('encodeEnvelope and decodeEnvelope', () => {
  it('use the wire format of the registry', () => {
    expect(value.subarray(0, 5)).toEqual(Buffer.from([0, 0, 0, 0x12, 0x67]))
    expect(readSchemaId(value)).toBe(4711)
    expect(readSchemaId(encodeEnvelope(first, 2 ** 31 - 1, { ...identity, payload: lesson }, 1))).toBe(2 ** 31 - 1)
    const past = encodeEnvelope(first, 2 ** 31, { ...identity, payload: lesson }, 1)
    expect(() => readSchemaId(past)).toThrow(expect.objectContaining({ code: 'DECODE_FAILED' }))
  })

  it('give back what was published, uuids in lower case and defaults filled in', () => {
    const plain = encodeEnvelope(latest, 1, { ...identity, payload: lesson }, 2)
    const lower = uuid.toLowerCase()
    expect(decodeEnvelope(latest.type, plain)).toEqual({
      id: lower,
      aggregate_id: lower,
      occurred_at: identity.occurred_at,
      event_name: 'lesson.published',
      payload: { lesson_id: lower, instructor_id: lower, course_id: lower, title: '' },
      schema_version: 2
    })
  })

  it('keep any title', () => {
    fc.assert(
      fc.property(
        anyText().filter(text => !text.includes('\u0000')),
        title => {
          const encoded = encodeEnvelope(latest, 1, { ...identity, payload: { ...lesson, title } }, 2)
          expect(decodeEnvelope(latest.type, encoded).payload).toMatchObject({ title })
        }
      )
    )
  })

  it('store -0 as 0', () => {
    const quiz = catalogue.version('quiz.submitted')
    const payload = { submission_id: uuid, student_id: uuid, quiz_id: uuid, score_raw: -0 }
    const { score_raw } = decodeEnvelope(quiz.type, encodeEnvelope(quiz, 1, { ...identity, payload }, 1)).payload as {
      score_raw: number
    }
    expect(Object.is(score_raw, 0)).toBe(true)
  })

  it.each([
    ['id', { id: 'x' }],
    ['aggregate_id', { aggregate_id: '' }],
    ['occurred_at', { occurred_at: 2n ** 63n }],
    ['occurred_at', { occurred_at: 5 as unknown as bigint }],
    ['title', { payload: { ...lesson, title: 5 } }]
  ])('refuse a wrong %s', (field, change) => {
    const error = failure(() => encodeEnvelope(latest, 1, { ...identity, payload: lesson, ...change }, 2))
    expect(error).toMatchObject({ code: 'PAYLOAD_INVALID', field })
  })
})

describe('renumberEnvelope', () => {
  it.each([
    [0, 1],
    [1, 0],
    [0, 63],
    [0, 64],
    [63, 8_192],
    [8_191, 2 ** 31 - 1],
    [2 ** 31 - 1, 5]
  ])('gives the bytes of version %i the numbers of version %i', (before, after) => {
    const encoded = (id: number, version: number) =>
      encodeEnvelope(latest, id, { ...identity, payload: { ...lesson, title: 'Fractions' } }, version)
    const value = encoded(0, before)
    const kept = Buffer.from(value)
    expect(renumberEnvelope(value, { id: 0, version: before }, { id: 4_711, version: after })).toEqual(
      encoded(4_711, after)
    )
    expect(value).toEqual(kept)
  })
})

describe('a value that is no envelope', () => {
  it.each([0, 1, 2, 3, 4])('of %d bytes is refused', length => {
    expect(failure(() => readSchemaId(value.subarray(0, length))).code).toBe('DECODE_FAILED')
    expect(failure(() => decodeEnvelope(latest.type, value.subarray(0, length))).message).toContain('too few')
  })

  it('with another first byte is refused', () => {
    const other = Buffer.from(value)
    other[0] = 110
    const { message } = failure(() => readSchemaId(other))
    expect(message).toContain('magic byte')
    // Like any reason it repeats nothing of the value.
    expect(message).not.toContain('110')
  })

  it('cut short anywhere is refused', () => {
    for (let length = 5; length < value.length; length += 1)
      expect(failure(() => decodeEnvelope(latest.type, value.subarray(0, length))).code).toBe('DECODE_FAILED')
  })

  it('with something after its end is refused', () => {
    expect(failure(() => decodeEnvelope(latest.type, Buffer.concat([value, Buffer.from([0])]))).message).toContain(
      '1 bytes follow'
    )
  })

  it('with text that is not UTF-8 is refused', () => {
    const broken = Buffer.from(value)
    broken[broken.indexOf('Fractions')] = 0xff
    expect(failure(() => decodeEnvelope(latest.type, broken)).message).toContain('not valid UTF-8')
  })

  it('of any bytes is refused or read, never anything else', () => {
    const types = [
      latest.type,
      catalogue.version('quiz.submitted').type,
      avroType({ type: 'array', items: ['null', 'string', 'long'] })
    ]
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 300 }), fc.constantFrom(...types), (bytes, type) => {
        try {
          decodeEnvelope(type, Buffer.concat([Buffer.from([0, 0, 0, 0, 1]), bytes]))
        } catch (error) {
          expect(error).toMatchObject({ code: 'DECODE_FAILED' })
        }
      }),
      { numRuns: runs(1_000) }
    )
  })
})

describe('envelopeReader', () => {
  it('reads an older version as the latest', () => {
    const old = encodeEnvelope(first, 1, { ...identity, payload: lesson }, 1)
    expect(envelopeReader(latest, first.envelope)(old)).toMatchObject({ payload: { title: '' }, schema_version: 1 })
  })

  it('reads a newer version as an older', () => {
    const read = envelopeReader(first, latest.envelope)(value)
    expect(read.payload).not.toHaveProperty('title')
    expect(read.schema_version).toBe(2)
  })

  it('refuses as decodeEnvelope does', () => {
    const read = envelopeReader(first, latest.envelope)
    expect(failure(() => read(value.subarray(0, 40))).code).toBe('DECODE_FAILED')
    expect(failure(() => read(Buffer.alloc(3))).code).toBe('DECODE_FAILED')
    expect(failure(() => read(Buffer.concat([value, value]))).code).toBe('DECODE_FAILED')
  })

  it('keeps longs, decimals, unions and unknown symbols right across versions', () => {
    const fields = (symbols: string[]): AvroRecord['fields'] => [
      { name: 'ticks', type: 'long' },
      { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 6, scale: 2 } },
      { name: 'maybe', type: ['null', 'long'] },
      { name: 'state', type: { type: 'enum', name: 'State', symbols, default: 'NEW' } }
    ]
    const { version } = catalogueOf({
      'thing.done': [
        { type: 'record', name: 'T', fields: fields(['NEW']) },
        {
          type: 'record',
          name: 'T',
          fields: [{ name: 'extra', type: 'string', default: 'x' }, ...fields(['NEW', 'OLD'])]
        }
      ]
    })
    const [one, two] = [version('thing.done', 1), version('thing.done', 2)]
    const payload = { ticks: 2n ** 60n, price: '12.5', maybe: 2n ** 61n }
    const newer = encodeEnvelope(two, 1, { ...identity, payload: { ...payload, state: 'OLD' } }, 2)
    expect(envelopeReader(one, two.envelope)(newer).payload).toEqual({ ...payload, price: '12.50', state: 'NEW' })
    const older = encodeEnvelope(one, 1, { ...identity, payload: { ...payload, state: 'NEW' } }, 1)
    expect(envelopeReader(two, one.envelope)(older).payload).toEqual({
      ...payload,
      price: '12.50',
      state: 'NEW',
      extra: 'x'
    })
  })

  it('says when the schemas do not fit', () => {
    expect(failure(() => envelopeReader(latest, catalogue.version('quiz.submitted').envelope)).code).toBe(
      'SCHEMA_INCOMPATIBLE'
    )
  })
})
