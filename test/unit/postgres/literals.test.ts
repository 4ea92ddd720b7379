import { expect, test } from 'vitest'
import { withLiterals } from '../../../postgres/index.ts'

test('values are in the text of a statement, each at its places, and end no literal', () => {
  const text = 'SELECT $1::text, $2::int, $3::text[], $1::uuid, $4::text[], $10::text'
  const values = ["o'hara", 7, ['a', "b'c"], [], '', '', '', '', '', '\\$1']
  expect(withLiterals({ text, values })).toBe(
    "SELECT 'o''hara'::text, 7::int, ARRAY['a', 'b''c']::text[], 'o''hara'::uuid, '{}'::text[],  E'\\\\$1'::text"
  )
})

test.each([[undefined], [null], [Number.NaN], [{}], [true]])('%j has no literal', value => {
  expect(() => withLiterals({ text: 'SELECT $1', values: [value] })).toThrow(TypeError)
})
