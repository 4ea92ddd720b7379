import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  cursorText,
  groupText,
  highlightHtml,
  highlightParts,
  parseQueryText,
  readCursor
} from '../../../../consumers/indexer/words/index.ts'

const group = (words: string, more: object = {}) => ({ words, phrases: [], without: [], ...more })

test.each([
  ['running shoes', [group('running shoes')]],
  ['"running shoes" red', [group('red', { phrases: ['running shoes'] })]],
  ['shoes -red -"not these"', [group('shoes', { without: ['red', 'not these'] })]],
  ['a or b OR c', [group('a'), group('b'), group('c')]],
  ['or', []],
  ['a or', [group('a')]],
  ['"open end', [group('', { phrases: ['open end'] })]],
  ['- -- "" "-" !', []],
  ['order-7', [group('order-7')]]
])('%s asks for %j', (text, groups) => {
  expect(parseQueryText(text)).toEqual(groups)
})

test.each([
  ['running sho', [group('running', { prefix: 'sho' })]],
  ['sho', [group('', { prefix: 'sho' })]],
  ['a or b c', [group('a'), group('b', { prefix: 'c' })]],
  ['order-7', [group('order-', { prefix: '7' })]],
  // What is complete is no beginning.
  ['running shoes ', [group('running shoes')]],
  ['running "sho', [group('running', { phrases: ['sho'] })]],
  ['running -sho', [group('running', { without: ['sho'] })]],
  ['running!', [group('running!')]]
])('%s with a beginning at its end asks for %j', (text, groups) => {
  expect(parseQueryText(text, true)).toEqual(groups)
})

test('whatever is typed is a search, and a group as text is the same group again', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'Ω', ' ', '"', '-', 'or ', '\n', ':', '*', '&') }), text => {
      for (const each of parseQueryText(text)) {
        const [again] = parseQueryText(groupText(each))
        expect(again).toEqual(each)
      }
      parseQueryText(text, true)
    })
  )
})

test('parts of a highlight are the text, and their HTML is escaped', () => {
  const parts = highlightParts('Two \uE000<b>shoes</b>\uE001 & a \uE000"shoe"\uE001')
  expect(parts).toEqual([
    { text: 'Two ', match: false },
    { text: '<b>shoes</b>', match: true },
    { text: ' & a ', match: false },
    { text: '"shoe"', match: true }
  ])
  expect(highlightHtml(parts)).toBe('Two <mark>&lt;b&gt;shoes&lt;/b&gt;</mark> &amp; a <mark>&quot;shoe&quot;</mark>')
  expect(highlightParts('')).toEqual([])
})

test('a cursor is read as it was written, and nothing else is one', () => {
  const cursor = { score: '0.0607927', occurredAt: '253402300799999999', id: 'Ω "7"' }
  expect(readCursor(cursorText(cursor))).toEqual(cursor)
  expect(readCursor(undefined)).toBeUndefined()
  const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  for (const wrong of ['', '{}', text([]), text(['1', 'x', 'id']), text([1, '2', 'id']), text(['NaN', '2', 'id'])])
    expect(() => readCursor(wrong)).toThrow(/next/)
})
