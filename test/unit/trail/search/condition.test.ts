import { describe, expect, it } from 'vitest'
import { TrailError } from '../../../../trail/errors.ts'
import { type Condition, parseCondition } from '../../../../trail/search/condition.ts'
import { cursorOf, readCursor } from '../../../../trail/search/cursor.ts'
import { checkedQuestion, type Question } from '../../../../trail/search/question.ts'

const refusal = (work: () => unknown): TrailError => {
  try {
    work()
  } catch (error) {
    if (error instanceof TrailError) return error
    throw error
  }
  throw new Error('it was not refused')
}

describe('a condition as people write it', () => {
  it.each<[string, Condition]>([
    ['score_raw>=73.5', { field: 'score_raw', is: '≥', value: '73.5' }],
    ['score_raw ≥ 73.5', { field: 'score_raw', is: '≥', value: '73.5' }],
    ['score_raw<=73.5', { field: 'score_raw', is: '≤', value: '73.5' }],
    ['score_raw<73.5', { field: 'score_raw', is: '<', value: '73.5' }],
    ['score_raw>73.5', { field: 'score_raw', is: '>', value: '73.5' }],
    ['reason!=for number 12', { field: 'reason', is: '≠', value: 'for number 12' }],
    ['reason<>x', { field: 'reason', is: '≠', value: 'x' }],
    ['reason=', { field: 'reason', is: '=', value: '' }],
    ['reason="a = b"', { field: 'reason', is: '=', value: '"a = b"' }],
    ['reason~quiz', { field: 'reason', is: 'contains', value: 'quiz' }],
    ['reason contains a quiz', { field: 'reason', is: 'contains', value: 'a quiz' }],
    ['title?', { field: 'title', is: 'exists' }],
    ['title exists', { field: 'title', is: 'exists' }],
    ['address.city=Ulm', { field: 'address.city', is: '=', value: 'Ulm' }],
    ['items[].sku=x', { field: 'items[].sku', is: '=', value: 'x' }],
    ['marks."to be, or".a=1', { field: 'marks."to be, or".a', is: '=', value: '1' }]
  ])('%s', (text, condition) => {
    expect(parseCondition(text)).toEqual(condition)
  })

  const secret = 'Ada-Lovelace-4711'
  it.each([
    ['', 'does not begin with the name of a field'],
    [`=${secret}`, 'does not begin with the name of a field'],
    [`reason ${secret}`, 'A condition on reason has no operator'],
    [`reasoncontains ${secret}`, 'A condition on reasoncontains has no operator'],
    [`title? ${secret}`, 'takes none'],
    [`reason="${secret}`, 'begins with a double quote'],
    [`reason=${secret}\u0000`, 'no row can hold'],
    [`reason=${secret}\ud800`, 'no row can hold'],
    [`reason=${secret.repeat(100)}`, 'more than 1000 characters'],
    ['reason~', 'an empty text'],
    ['reason>true', 'no order'],
    [`${'a.'.repeat(17)}a=${secret}`, 'names no field']
  ])('%j is refused without its value', (text, words) => {
    const error = refusal(() => parseCondition(text))
    expect(error).toMatchObject({ code: 'QUESTION_INVALID', misconfigured: true })
    expect(error.message).toContain(words)
    expect(error.message).not.toContain('Lovelace')
  })
})

describe('a question', () => {
  const asked = (question: Partial<Question>) => checkedQuestion({ where: [], ...question })

  it('has UUIDs in lower case and times in microseconds', () => {
    expect(
      asked({
        aggregate: '0199A000-0000-7000-8000-0000000000AB',
        from: '2026-11-25',
        to: '2026-11-25T14:02:11.402113+01:00'
      })
    ).toEqual({
      aggregate: '0199a000-0000-7000-8000-0000000000ab',
      from: '2026-11-25T00:00:00.000000Z',
      to: '2026-11-25T13:02:11.402113Z',
      where: []
    })
  })

  it.each<[string, Partial<Question>]>([
    ['must be a UUID', { aggregate: 'Lovelace' }],
    ['must be a UUID', { eventId: 'Lovelace' }],
    ['id of a person', { person: ' ' }],
    ['id of a person', { person: 'Lovelace'.repeat(50) }],
    ['as in the catalogue', { eventName: 'Lovelace was here' }],
    ['ISO 8601', { from: 'Lovelace' }],
    ['ISO 8601', { from: '2026-11-25T14:00:00' }],
    ['ISO 8601', { to: '2026-11-25T14:00:00.0000001Z' }],
    ['after the time', { from: '2026-11-25', to: '2026-11-25' }],
    ['at most 16', { where: Array.from({ length: 17 }, () => ({ field: 'a', is: '=', value: 'Lovelace' }) as const) }]
  ])('is refused without its values: %s', (words, question) => {
    const error = refusal(() => asked(question))
    expect(error.code).toBe('QUESTION_INVALID')
    expect(error.message).toContain(words)
    expect(error.message).not.toContain('Lovelace')
  })

  const where = [{ field: 'score_raw', is: '>', value: '99' }] as const

  it.each<Partial<Question>>([
    {},
    { eventName: 'quiz.submitted' },
    { eventName: 'quiz.submitted', from: '2026-10-01' },
    { eventName: 'quiz.submitted', from: '2026-10-01', to: '2026-11-02' },
    { from: '2026-10-01', to: '2026-10-02' }
  ])('with a condition that no index answers is refused where nothing narrows it: %j', question => {
    expect(refusal(() => asked({ ...question, where })).message).toContain('score_raw is answered by no index')
  })

  it.each<Partial<Question>>([
    { person: '1' },
    { aggregate: '0199a000-0000-7000-8000-0000000000ab' },
    { eventId: '0199a000-0000-7000-8000-0000000000ab' },
    { eventName: 'quiz.submitted', from: '2026-10-01', to: '2026-11-01' }
  ])('with such a condition is taken where something narrows it: %j', question => {
    expect(asked({ ...question, where }).where).toEqual(where)
  })
})

describe('a cursor', () => {
  it('is read as it was written, with its microseconds', () => {
    const place = { occurredAt: '2026-11-25T14:02:11.402113Z', id: '0199a000-0000-7000-8000-0000000000ab' }
    expect(readCursor(cursorOf(place))).toEqual(place)
  })

  it.each([
    '',
    'x',
    '2026-11-25T14:02:11Z',
    '2026-11-25T14:02:11Z_x',
    '_0199a000-0000-7000-8000-0000000000ab'
  ])('%j is refused', text => {
    expect(refusal(() => readCursor(text)).code).toBe('QUESTION_INVALID')
  })
})
