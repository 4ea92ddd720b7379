import { pathAtStart, stepsOf } from '../../schemas/index.ts'
import { TrailError } from '../errors.ts'
import { scalarsOf } from './scalars.ts'

export const operators = ['=', '≠', '<', '≤', '>', '≥', 'contains', 'exists'] as const
export type Operator = (typeof operators)[number]

/**
 * What a field of the payload must be. `=` and `≠` compare values of JSON; the signs of order compare numbers with
 * numbers and texts with texts; `contains` finds a part of a text, in the same case; `exists` takes all but null. Of a
 * path through lists (`items[].sku`) one element is enough, and `≠` asks that there is a value and none is equal.
 */
export interface Condition {
  /** Path of the field in the payload: `amount`, `address.city`, `items[].sku`. */
  readonly field: string
  readonly is: Operator
  /**
   * As written: `73.5` is the number, with `=` and `≠` the text too; `"73.5"`, in quotes, is the text alone. Nothing for
   * `exists`.
   */
  readonly value?: string
}

/** Other spellings, the longest first. */
const spellings: readonly (readonly [string, Operator])[] = [
  ['<=', '≤'],
  ['>=', '≥'],
  ['!=', '≠'],
  ['<>', '≠'],
  ['=', '='],
  ['≠', '≠'],
  ['≤', '≤'],
  ['≥', '≥'],
  ['<', '<'],
  ['>', '>'],
  ['~', 'contains'],
  ['?', 'exists'],
  ['contains ', 'contains'],
  ['exists', 'exists']
]

const howTo =
  'write a field, an operator and a value, such as "amount>=73.5", "note~late" (contains) or "title?" (exists)'

/**
 * Reads a condition as people write it: `amount>=73.5`, `note~late`, `title?`, `title exists`. Operators are `=`,
 * `≠` (`!=`), `<`, `≤` (`<=`), `>`, `≥` (`>=`), `contains` (`~`) and `exists` (`?`).
 * @throws TrailError `QUESTION_INVALID`, without the text
 */
export function parseCondition(text: string): Condition {
  const field = pathAtStart.exec(text)?.[0]
  if (field === undefined) throw invalid(`A condition does not begin with the name of a field: ${howTo}`)
  const rest = text.slice(field.length)
  const trimmed = rest.trimStart()
  // A word must be apart from the field.
  const found = spellings.find(([word]) => trimmed.startsWith(word) && (rest !== trimmed || !/^[a-z]/.test(word)))
  if (!found) throw invalid(`A condition on ${field} has no operator: ${howTo}`)
  const [word, is] = found
  const value = trimmed.slice(word.length).trim()
  return checkedCondition({ field, is, ...((is !== 'exists' || value !== '') && { value }) })
}

const mostFieldLength = 200
const mostValueLength = 1_000

/** Returns a condition that may be asked. @throws TrailError `QUESTION_INVALID`, naming the field and never the value */
export function checkedCondition(condition: Condition): Condition {
  const { field, is, value } = condition
  if (typeof field !== 'string' || field.length > mostFieldLength || stepsOf(field) === undefined)
    throw invalid(
      `A condition names no field of a payload: write its path, such as amount, address.city or items[].sku, of at most ${mostFieldLength} characters`
    )
  if (!operators.includes(is))
    throw invalid(`The condition on ${field} has none of the operators ${operators.join(' ')}`)
  if (is === 'exists') {
    if (value !== undefined) throw invalid(`The condition on ${field} has a value, and "exists" takes none`)
    return { field, is }
  }
  if (typeof value !== 'string') throw invalid(`The condition on ${field} needs a value as text`)
  if (value.length > mostValueLength || !value.isWellFormed() || value.includes('\u0000'))
    throw invalid(`The value for ${field} has more than ${mostValueLength} characters, or one that no row can hold`)
  const [scalar] = scalarsOf(value) ?? []
  if (scalar === undefined || (scalar.kind === 'text' && scalar.text.includes('\u0000')))
    throw invalid(`The value for ${field} begins with a double quote and is no text of JSON`)
  const isOrder = is !== '=' && is !== '≠' && is !== 'contains'
  if (isOrder && scalar.kind === 'literal') throw invalid(`The value for ${field} has no order: use = or ≠`)
  if (is === 'contains' && textOf(value) === '') throw invalid(`The condition on ${field} looks for an empty text`)
  return { field, is, value }
}

/** The text that a value means where only texts are compared. */
export function textOf(value: string): string {
  const text = scalarsOf(value)?.find(({ kind }) => kind === 'text')
  return text?.kind === 'text' ? text.text : value
}

export const invalid = (words: string, cause?: unknown): TrailError => new TrailError('QUESTION_INVALID', words, cause)
