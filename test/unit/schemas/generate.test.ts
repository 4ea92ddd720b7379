import { readFile } from 'node:fs/promises'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Events } from '../../../schemas/catalogue/index.ts'
import { type EnvelopeOf, generateTypes, loadCatalogue } from '../../../schemas/index.ts'
import type { Events as Shop } from './fixtures/shop-events.ts'

const fixtures = 'test/unit/schemas/fixtures'

describe('generateTypes', () => {
  it.each([
    ['schemas/catalogue', 'schemas/catalogue/events.ts', '../compile-catalogue.ts'],
    [`${fixtures}/shop`, `${fixtures}/shop-events.ts`, '../../../../schemas/index.ts']
  ])('gives for %s what %s holds', async (folder, file, importFrom) => {
    const generated = generateTypes(await loadCatalogue(folder), { importFrom })
    expect(generated).toBe(await readFile(file, 'utf8'))
  })

  it('imports from the package by default', async () => {
    expect(generateTypes(await loadCatalogue('schemas/catalogue'))).toContain("from 'eventtrail/schemas'")
  })

  it('makes fields with a default optional to publish and certain to read', () => {
    expectTypeOf<Events['lesson.published']['payload']['title']>().toEqualTypeOf<string>()
    expectTypeOf<Events['lesson.published']['input']['title']>().toEqualTypeOf<string | undefined>()
    expectTypeOf<EnvelopeOf<Events, 'quiz.submitted'>['payload']['score_raw']>().toEqualTypeOf<number>()
    expectTypeOf<EnvelopeOf<Events>['event_name']>().toEqualTypeOf<
      'badge.awarded' | 'lesson.published' | 'quiz.submitted'
    >()
  })

  it('gives every Avro type its TypeScript', () => {
    type Payload = Shop['order.placed']['payload']
    type Input = Shop['order.placed']['input']
    expectTypeOf<Payload['total_ticks']>().toEqualTypeOf<bigint>()
    expectTypeOf<Input['total_ticks']>().toEqualTypeOf<bigint | number>()
    expectTypeOf<Payload['placed_at']>().toEqualTypeOf<bigint>()
    expectTypeOf<Input['placed_at']>().toEqualTypeOf<bigint | Date>()
    expectTypeOf<Payload['due_on']>().toEqualTypeOf<number>()
    expectTypeOf<Input['due_on']>().toEqualTypeOf<number | string | Date>()
    expectTypeOf<Payload['items'][number]['price']>().toEqualTypeOf<string>()
    expectTypeOf<Payload['status']>().toEqualTypeOf<'NEW' | 'PAID'>()
    expectTypeOf<Payload['coupon']>().toEqualTypeOf<string | null>()
    expectTypeOf<Payload['amount']>().toEqualTypeOf<number | bigint>()
    expectTypeOf<Payload['labels']>().toEqualTypeOf<{ readonly [key: string]: bigint }>()
    expectTypeOf<Payload['photo']>().toEqualTypeOf<Uint8Array>()
    expectTypeOf<Payload['items'][number]['parts']>().toEqualTypeOf<Payload['items']>()
    expectTypeOf<Exclude<Payload['contact'], null>>().toExtend<object>()
  })
})
