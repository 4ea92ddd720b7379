import { decimalText, unscaledOf } from './decimal.ts'
import { defaultFromJson } from './defaults.ts'
import { shortestFloat } from './float.ts'
import {
  branchName,
  type EnumNode,
  isAmbiguous,
  type Logical,
  type RecordNode,
  type SchemaNode,
  shapeOf,
  type UnionNode
} from './model.ts'

/** Turns what was given into what is encoded. @throws Refusal */
export type Complete = (value: unknown) => unknown

/** Carries the path to the value at fault. Tells what was expected, never what was given. */
export class Refusal extends Error {
  readonly path: string[] = []

  /** `answers[2].text`; empty for the value as a whole. */
  get field(): string {
    return this.path.join('').replace(/^\./, '')
  }
}

/** Makes the function that checks and completes values of a schema; it is slow to make and fast to call. */
export function compileCompleter(node: SchemaNode): Complete {
  return completerOf(node, new Map())
}

function refuse(message: string): never {
  throw new Refusal(message)
}

function within<T>(step: string, work: () => T): T {
  try {
    return work()
  } catch (refusal) {
    if (refusal instanceof Refusal) refusal.path.unshift(step)
    throw refusal
  }
}

function completerOf(node: SchemaNode, known: Map<SchemaNode, Complete>): Complete {
  const made = known.get(node)
  if (made) return made
  // Records may hold themselves: the name stands before the work does.
  let complete: Complete = () => undefined
  known.set(node, value => complete(value))
  complete = makeCompleter(node, known)
  known.set(node, complete)
  return complete
}

function makeCompleter(node: SchemaNode, known: Map<SchemaNode, Complete>): Complete {
  if ('logical' in node && node.logical?.name === 'decimal') return decimalCompleter(node.logical)
  switch (node.kind) {
    case 'null':
      return value => (value === null ? null : refuse('must be null'))
    case 'boolean':
      return value => (typeof value === 'boolean' ? value : refuse('must be true or false'))
    case 'int':
      return value => (isInt(value) ? value + 0 : refuse('must be a whole number of 32 bits'))
    case 'long':
      return completeLong
    case 'float':
      return completeFloat
    case 'double':
      return value => (isFiniteNumber(value) ? value + 0 : refuse('must be a finite number'))
    case 'string':
      return node.logical?.name === 'uuid' ? completeUuid : completeText
    case 'bytes':
      return value => asBuffer(value) ?? refuse('must be bytes (a Uint8Array)')
    case 'fixed': {
      const { size } = node
      return value => asBuffer(value, size) ?? refuse(`must be exactly ${size} bytes (a Uint8Array)`)
    }
    case 'enum':
      return enumCompleter(node)
    case 'array': {
      const item = completerOf(node.items, known)
      return value =>
        Array.isArray(value)
          ? Array.from(value, (each, index) => within(`[${index}]`, () => item(each)))
          : refuse('must be an array')
    }
    case 'map':
      return mapCompleter(completerOf(node.values, known))
    case 'union':
      return unionCompleter(node, known)
    case 'record':
      return recordCompleter(node, known)
  }
}

const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value)
const isInt = (value: unknown): value is number => typeof value === 'number' && value === (value | 0)

function completeLong(value: unknown): bigint {
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value
  if (Number.isSafeInteger(value)) return BigInt(value as number)
  return refuse('must be a whole number of 64 bits: a bigint, or a number up to 2^53 - 1')
}

function completeFloat(value: unknown): number {
  if (!isFiniteNumber(value) || !Number.isFinite(Math.fround(value)))
    return refuse('must be a finite number of 32 bits')
  return shortestFloat(value) + 0
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** A UUID in lower case, or undefined when the value is none. */
export function uuidOf(value: unknown): string | undefined {
  return typeof value === 'string' && uuidPattern.test(value) ? value.toLowerCase() : undefined
}

const completeUuid = (value: unknown): string => uuidOf(value) ?? refuse('must be a UUID')

// Postgres cannot keep U+0000 in JSONB, and half a surrogate pair has no UTF-8: both would be lost on the way.
function completeText(value: unknown): string {
  if (typeof value !== 'string') return refuse('must be a string')
  if (!value.isWellFormed()) return refuse('must not hold half a surrogate pair')
  if (value.includes('\u0000')) return refuse('must not hold the character U+0000')
  return value
}

function asBuffer(value: unknown, size?: number): Buffer | undefined {
  if (!(value instanceof Uint8Array) || (size !== undefined && value.length !== size)) return undefined
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

function decimalCompleter({ precision = 0, scale = 0 }: Logical): Complete {
  const expected = `must be a decimal as text, of at most ${precision} digits, ${scale} of them after the point`
  return value => {
    const unscaled = typeof value === 'string' ? unscaledOf(value, precision, scale) : undefined
    return unscaled === undefined ? refuse(expected) : decimalText(unscaled, scale)
  }
}

function enumCompleter(node: EnumNode): Complete {
  const symbols = new Set<unknown>(node.symbols)
  return value => (symbols.has(value) ? value : refuse(`must be one of ${node.symbols.join(', ')}`))
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array) &&
  !(value instanceof Date) &&
  !(value instanceof Map)

function mapCompleter(complete: Complete): Complete {
  return value => {
    if (!isObject(value)) return refuse('must be an object')
    // A key is data: the path does not tell it.
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => within('{}', () => [completeText(key), complete(each)]))
    )
  }
}

function recordCompleter(node: RecordNode, known: Map<SchemaNode, Complete>): Complete {
  const fields = node.fields.map(({ name, type, fallback }) => {
    const complete = completerOf(type, known)
    // Made anew each time: a default array or record must not be shared.
    const initial = fallback && (() => complete(defaultFromJson(type, fallback.json)))
    return { name, step: `.${name}`, complete, initial }
  })
  const names = new Set(fields.map(field => field.name))
  return value => {
    if (!isObject(value)) return refuse('must be an object')
    for (const key of Object.keys(value))
      if (!names.has(key)) within(`.${key.slice(0, 80)}`, () => refuse('is no field of the schema'))
    const record: Record<string, unknown> = {}
    let at = ''
    try {
      for (const { name, step, complete, initial } of fields) {
        at = step
        const given = Object.hasOwn(value, name) ? value[name] : undefined
        if (given !== undefined) record[name] = complete(given)
        else record[name] = initial ? initial() : refuse('is missing')
      }
    } catch (refusal) {
      if (refusal instanceof Refusal) refusal.path.unshift(at)
      throw refusal
    }
    return record
  }
}

function unionCompleter(node: UnionNode, known: Map<SchemaNode, Complete>): Complete {
  const names = node.branches.map(branchName)
  const shapes = node.branches.map(shapeOf)
  const completers = node.branches.map(branch => completerOf(branch, known))
  const expected = `must be one of ${names.join(', ')}`
  if (isAmbiguous(shapes)) {
    return value => {
      if (value === null && names.includes('null')) return null
      const [key, ...others] = isObject(value) ? Object.keys(value) : []
      const complete = key === undefined || others.length > 0 ? undefined : completers[names.indexOf(key)]
      if (!complete || key === undefined) return refuse(`${expected}, given as { "<type>": value }`)
      return { [key]: within(`.${key}`, () => complete((value as Record<string, unknown>)[key])) }
    }
  }
  const narrowInt = node.branches.some(branch => branch.kind === 'int')
  return value => {
    const shape = valueShape(value)
    let index = shapes.indexOf(shape)
    // A number that no number branch takes may still be an exact long.
    const tooWide = narrowInt && !isInt(value)
    if (shape === 'number' && (index < 0 || tooWide) && Number.isSafeInteger(value) && shapes.includes('bigint'))
      index = shapes.indexOf('bigint')
    const complete = completers[index]
    return complete ? complete(value) : refuse(expected)
  }
}

function valueShape(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (value instanceof Uint8Array) return 'bytes'
  return typeof value
}
