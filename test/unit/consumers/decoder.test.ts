import { describe, expect, test } from 'vitest'
import { createDecoder, patientSchemas } from '../../../consumers/pipeline/decoder.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { type AvroSchema, encodeEnvelope, RegistryError } from '../../../schemas/index.ts'

const id = '01934567-89ab-7def-8000-000000000001'
const aggregateId = '01934567-89ab-7def-8000-000000000002'

function lessonOf(version: number, schemaId: number): Buffer {
  const payload = { lesson_id: id, instructor_id: id, course_id: id, ...(version > 1 && { title: 'Fractions' }) }
  const envelope = { id, aggregate_id: aggregateId, occurred_at: 5n, payload }
  return encodeEnvelope(catalogue.version('lesson.published', version), schemaId, envelope, version)
}

describe('createDecoder', () => {
  const asked: number[] = []
  const schemas = new Map<number, AvroSchema>([
    [1, catalogue.version('lesson.published', 1).envelope],
    [2, catalogue.version('lesson.published', 2).envelope],
    [3, catalogue.version('badge.awarded').envelope],
    [4, { ...catalogue.version('lesson.published').envelope, doc: 'x'.repeat(2 ** 20) }]
  ])
  const decode = createDecoder(catalogue, async schemaId => {
    asked.push(schemaId)
    return schemas.get(schemaId) as AvroSchema
  })

  test('reads an old version as the latest, and asks for a schema once', async () => {
    for (let times = 0; times < 3; times += 1) {
      const envelope = await decode('lesson.published', lessonOf(1, 1))
      expect(envelope).toMatchObject({ id, occurred_at: 5n, schema_version: 1, payload: { title: '' } })
    }
    expect(asked).toEqual([1])
    expect((await decode('lesson.published', lessonOf(2, 2))).payload).toMatchObject({ title: 'Fractions' })
  })

  test.each([
    ['no value', null, 'NULL_VALUE'],
    ['too few bytes', Buffer.from([0, 0]), 'DECODE_FAILED'],
    ['another magic byte', Buffer.from([9, 0, 0, 0, 1, 0]), 'DECODE_FAILED'],
    ['a cut envelope', lessonOf(2, 2).subarray(0, -1), 'DECODE_FAILED'],
    ['the schema of another event', lessonOf(2, 3), 'EVENT_NAME_MISMATCH'],
    ['a schema with which nothing can be read', lessonOf(2, 4), 'SCHEMA_UNUSABLE'],
    ['the same once more', lessonOf(2, 4), 'SCHEMA_UNUSABLE']
  ])('refuses %s for good', async (_, value, code) => {
    await expect((async () => decode('lesson.published', value))()).rejects.toMatchObject({ code, retryable: false })
  })

  test('compiles what cannot be compiled once', () => {
    expect(asked.filter(schemaId => schemaId === 4)).toHaveLength(1)
  })
})

describe('patientSchemas', () => {
  const unknown = (): Promise<never> => Promise.reject(new RegistryError('SCHEMA_UNKNOWN', 'no such schema'))

  test('looks twice before an id is unknown, and then not again for a while', async () => {
    let asked = 0
    let now = 0
    const options = { secondLookMs: 1, unknownTtlMs: 100, now: () => now }
    const schemaById = patientSchemas(() => {
      asked += 1
      return unknown()
    }, options)
    for (let times = 0; times < 10; times += 1)
      await expect(schemaById(7)).rejects.toMatchObject({ code: 'SCHEMA_UNKNOWN', retryable: false })
    expect(asked).toBe(2)
    now = 101
    await expect(schemaById(7)).rejects.toMatchObject({ code: 'SCHEMA_UNKNOWN' })
    expect(asked).toBe(4)
  })

  test('a registry that is away or refuses us blames nothing', async () => {
    for (const code of [
      'REGISTRY_UNAVAILABLE',
      'REGISTRY_UNTRUSTED',
      'REGISTRY_UNAUTHENTICATED',
      'REGISTRY_FORBIDDEN',
      'REGISTRY_REFUSED'
    ] as const) {
      const schemaById = patientSchemas(() => Promise.reject(new RegistryError(code, 'not now')))
      await expect(schemaById(7)).rejects.toMatchObject({ retryable: true })
    }
  })
})
