import { expect, test } from 'vitest'
import { numbers, place, placedSchema, places } from '../../../schemas/registry/answers.ts'

test.each([
  2 ** 31,
  2 ** 53 - 1,
  1.5,
  '1'
])('an answer with the id or version %s is none: the trail could not keep it, and would retry indefinitely', wrong => {
  expect(numbers([1, wrong])).toBe(undefined)
  expect(place({ id: 1, version: wrong })).toBe(undefined)
  expect(places([{ subject: 's', version: wrong }])).toBe(undefined)
  expect(placedSchema({ schema: '"int"', id: wrong, version: 1 })).toBe(undefined)
  expect(numbers([1, 2 ** 31 - 1])).toEqual([1, 2 ** 31 - 1])
})
