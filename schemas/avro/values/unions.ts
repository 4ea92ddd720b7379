import { isObject } from '../../../core/index.ts'
import { ExactNumber } from '../exact-json.ts'
import { branchName, isAmbiguous, type SchemaNode, shapeOf, type UnionNode, valueShape } from '../model.ts'
import { timeUnitOf } from '../times.ts'
import { type Changes, type Complete, isInt } from './leaves.ts'
import { Refusal, refuse, UnitRefusal } from './refusal.ts'

/** An object that holds fields: none of those that stand for one value. */
export const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  isObject(value) &&
  !(value instanceof Uint8Array) &&
  !(value instanceof Date) &&
  !(value instanceof Map) &&
  !(value instanceof ExactNumber)

/** Values of JavaScript: plain where their look shows the branch, else `{ "<branch>": value }`. */
export function valueUnion(node: UnionNode, completers: readonly Complete[]): Complete {
  const names = node.branches.map(branchName)
  const shapes = node.branches.map(shapeOf)
  const expected = `must be one of ${names.join(', ')}`
  if (isAmbiguous(shapes)) {
    return value => {
      if (value === null && names.includes('null')) return null
      const [key, ...others] = isFields(value) ? Object.keys(value) : []
      const complete = key === undefined || others.length > 0 ? undefined : completers[names.indexOf(key)]
      if (!complete || key === undefined) return refuse(`${expected}, given as { "<type>": value }`)
      return { [key]: within(key, () => complete((value as Record<string, unknown>)[key])) }
    }
  }
  const narrowInt = node.branches.some(branch => branch.kind === 'int')
  const takes = (text: string) => node.branches.findIndex(branch => timeUnitOf(branch)?.text === text)
  // A Date is an instant rather than a day, and text that is no string of the union is a day or a local time.
  const instants = [takes('instant'), takes('day')]
  const ofDate = instants.find(index => index >= 0) ?? -1
  const ofText = [takes('day'), takes('local')].find(index => index >= 0) ?? -1
  return value => {
    const shape = valueShape(value)
    let index = value instanceof Date ? ofDate : shapes.indexOf(shape)
    if (index < 0 && shape === 'string') index = ofText
    // A number that no number branch takes may still be an exact long.
    const tooWide = narrowInt && !isInt(value)
    if (shape === 'number' && (index < 0 || tooWide) && Number.isSafeInteger(value) && shapes.includes('bigint'))
      index = shapes.indexOf('bigint')
    const complete = completers[index]
    return complete ? complete(value) : refuse(expected)
  }
}

function within(step: string, work: () => unknown): unknown {
  try {
    return work()
  } catch (refusal) {
    throw refusal instanceof Refusal ? refusal.under(`.${step}`) : refusal
  }
}

type Outcome = { readonly value: unknown; readonly changes: number } | Refusal

/**
 * Values of JSON, which do not show their branch: it is the first that would be stored as the same JSON, else the first
 * that takes the value. What no branch takes may be `{ "<branch>": value }`, as in Avro's own JSON.
 */
export function jsonUnion(node: UnionNode, completers: readonly Complete[], changes: Changes): Complete {
  const names = node.branches.map(branchName)
  const wrapped = isAmbiguous(node.branches.map(shapeOf))
  const looks = node.branches.map(jsonLooks)
  const expected = `must be one of ${names.join(', ')}`
  // In a union of records that hold it again, each value would be tried again and again.
  const outcomes = new WeakMap<object, Outcome>()

  const attempt = (index: number, value: unknown): Outcome => {
    const before = changes.count
    changes.count = 0
    try {
      const name = names[index] as string
      const completed = (completers[index] as Complete)(value)
      return { value: wrapped && name !== 'null' ? { [name]: completed } : completed, changes: changes.count }
    } catch (refusal) {
      if (refusal instanceof Refusal) return refusal
      throw refusal
    } finally {
      changes.count = before
    }
  }

  const choose = (value: unknown): Outcome => {
    const look = jsonLook(value)
    const candidates = names.keys().filter(index => looks[index]?.includes(look))
    let found: Outcome | undefined
    let wrongUnit: Refusal | undefined
    let tried = 0
    for (const index of candidates) {
      tried += 1
      const outcome = attempt(index, value)
      if (!(outcome instanceof Refusal) && outcome.changes === 0) return outcome
      if (outcome instanceof UnitRefusal) wrongUnit = outcome
      if (!found || found instanceof Refusal) found = outcome
    }
    if (found && !(found instanceof Refusal)) return found
    const [key, ...others] = isFields(value) ? Object.keys(value) : []
    const index = key === undefined || others.length > 0 ? -1 : names.indexOf(key)
    const named = index < 0 ? undefined : attempt(index, (value as Record<string, unknown>)[key as string])
    if (named instanceof Refusal) return named.under(`.${key}`)
    if (named) return named
    if (wrongUnit) return wrongUnit
    // With one candidate, its own fault says more.
    return tried === 1 && found ? found : new Refusal(expected)
  }

  return value => {
    const known = typeof value === 'object' && value !== null ? outcomes.get(value) : undefined
    const outcome = known ?? choose(value)
    if (!known && typeof value === 'object' && value !== null) outcomes.set(value, outcome)
    if (outcome instanceof Refusal) throw outcome.copy()
    changes.count += outcome.changes
    return outcome.value
  }
}

/** What JSON a type may be. */
function jsonLooks(node: SchemaNode): string[] {
  if ('logical' in node && node.logical?.name === 'decimal') return ['number', 'string']
  if (timeUnitOf(node)?.text) return ['number', 'string']
  switch (node.kind) {
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return ['number']
    case 'string':
    case 'enum':
    case 'bytes':
    case 'fixed':
      return ['string']
    case 'record':
    case 'map':
      return ['object']
    default:
      return [node.kind]
  }
}

function jsonLook(value: unknown): string {
  if (value instanceof ExactNumber) return 'number'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
