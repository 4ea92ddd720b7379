import { decimalText, unscaledOf } from '../decimal.ts'
import { roundedOfJson, textOfJson, unscaledOfJson } from '../exact-json.ts'
import { shortestFloat } from '../float.ts'
import type { Logical } from '../logical.ts'
import type { EnumNode, FixedNode, PrimitiveNode } from '../model.ts'
import { examples, type TimeUnit, timeUnitOf, unitFault, unitsOfDate, unitsOfText } from '../times.ts'
import { refuse, refuseUnit } from './refusal.ts'

/** Turns what was given into what is encoded. @throws Refusal */
export type Complete = (value: unknown) => unknown

/** Values without parts. */
export type LeafNode = PrimitiveNode | FixedNode | EnumNode

/** Counts what changed: a value of JSON that would not be stored as the same JSON. */
export interface Changes {
  count: number
}

/**
 * Makes the function that checks a value without parts.
 * @param changes given for values of JSON: the value of JavaScript that it represents is taken instead of it.
 */
export function leafCompleter(node: LeafNode, changes?: Changes): Complete {
  const { kind } = node
  if (kind === 'enum') return enumCompleter(node)
  if (node.logical?.name === 'decimal') return changes ? jsonDecimal(node.logical, changes) : decimal(node.logical)
  const unit = timeUnitOf(node)
  if (unit) return changes ? jsonTime(kind, unit, changes) : kind === 'int' ? days(unit) : time(unit)
  if (changes) {
    switch (kind) {
      case 'int':
        return value => Number(wholeOfJson(value, changes, 32) ?? refuse('must be a whole number of 32 bits'))
      case 'long':
        return value => wholeOfJson(value, changes) ?? refuse('must be a whole number of 64 bits')
      case 'float':
        return value => rounded(value, changes, completeFloat)
      case 'double':
        return value => rounded(value, changes, completeDouble)
      case 'bytes':
        return value => bytesOfJson(value) ?? refuse('must be base64 text')
      case 'fixed':
        return value => bytesOfJson(value, node.size) ?? refuse(`must be ${node.size} bytes as base64 text`)
    }
  }
  switch (kind) {
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
      return completeDouble
    case 'string':
      return node.logical?.name === 'uuid' ? completeUuid : completeText
    case 'bytes':
      return value => asBuffer(value) ?? refuse('must be bytes (a Uint8Array)')
    case 'fixed': {
      const { size } = node
      return value => asBuffer(value, size) ?? refuse(`must be exactly ${size} bytes (a Uint8Array)`)
    }
  }
}

const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value)
export const isInt = (value: unknown): value is number => typeof value === 'number' && value === (value | 0)

const is64Bits = (value: bigint): boolean => BigInt.asIntN(64, value) === value

function completeLong(value: unknown): bigint {
  if (typeof value === 'bigint' && is64Bits(value)) return value
  if (Number.isSafeInteger(value)) return BigInt(value as number)
  return refuse('must be a whole number of 64 bits: a bigint, or a number up to 2^53 - 1')
}

const completeDouble = (value: unknown): number =>
  isFiniteNumber(value) ? value + 0 : refuse('must be a finite number')

function completeFloat(value: unknown): number {
  if (!isFiniteNumber(value) || !Number.isFinite(Math.fround(value)))
    return refuse('must be a finite number of 32 bits')
  return shortestFloat(value) + 0
}

const hyphen = 0x2d
const lowerHex = 1
const upperHex = 2
const notHex = 4
/** By character: a digit or a letter of a UUID, in lower or upper case; 0 for any other. */
const hexKinds = new Uint8Array(128)
for (const digit of '0123456789abcdef') hexKinds[digit.charCodeAt(0)] = lowerHex
for (const letter of 'ABCDEF') hexKinds[letter.charCodeAt(0)] = upperHex

/**
 * A UUID in lower case, or undefined when the value is none. Groups ask twice for each event: a RegExp, and branches that
 * depend on each character, cost four times as much.
 */
export function uuidOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length !== 36) return undefined
  const hyphens = value.charCodeAt(8) === hyphen && value.charCodeAt(13) === hyphen
  if (!hyphens || value.charCodeAt(18) !== hyphen || value.charCodeAt(23) !== hyphen) return undefined
  const kinds =
    hexWithin(value, 0, 8) |
    hexWithin(value, 9, 13) |
    hexWithin(value, 14, 18) |
    hexWithin(value, 19, 23) |
    hexWithin(value, 24, 36)
  if (kinds > (lowerHex | upperHex)) return undefined
  return kinds === lowerHex ? value : value.toLowerCase()
}

/** The kinds that are between two places, and a larger number where one of them is none. */
function hexWithin(value: string, start: number, end: number): number {
  let kinds = 0
  for (let place = start; place < end; place += 1) kinds |= hexKinds[value.charCodeAt(place)] || notHex
  return kinds
}

const completeUuid = (value: unknown): string => uuidOf(value) ?? refuse('must be a UUID')

// Postgres cannot keep U+0000 in JSONB, and half a surrogate pair has no UTF-8: both would be lost on the way.
export function completeText(value: unknown): string {
  if (typeof value !== 'string') return refuse('must be a string')
  if (!value.isWellFormed()) return refuse('must not hold half a surrogate pair')
  if (value.includes('\u0000')) return refuse('must not hold the character U+0000')
  return value
}

function asBuffer(value: unknown, size?: number): Buffer | undefined {
  if (!(value instanceof Uint8Array) || (size !== undefined && value.length !== size)) return undefined
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

function enumCompleter(node: EnumNode): Complete {
  const symbols = new Set<unknown>(node.symbols)
  return value => (symbols.has(value) ? value : refuse(`must be one of ${node.symbols.join(', ')}`))
}

/** Digits in all and after the point, in words. */
export const digitsInWords = ({ precision = 0, scale = 0 }: Logical): string =>
  `of at most ${precision} digits, ${scale} of them after the point`

function decimal(logical: Logical): Complete {
  const { precision = 0, scale = 0 } = logical
  const expected = `must be a decimal as text, ${digitsInWords(logical)}`
  return value => {
    const unscaled = typeof value === 'string' ? unscaledOf(value, precision, scale) : undefined
    return unscaled === undefined ? refuse(expected) : decimalText(unscaled, scale)
  }
}

function time(unit: TimeUnit): Complete {
  const { words, least, most, range, text } = unit
  const others = text === 'instant' ? 'a Date, or ' : text === 'local' ? `text such as "${examples.local}", or ` : ''
  const expected = `must be ${others}${words} as a bigint, ${range}`
  return value => {
    if (typeof value === 'bigint') return value >= least && value <= most ? value : refuse(expected)
    // The unit of a plain number would be a guess, and Date.now() in microseconds is a day in January 1970.
    if (typeof value === 'number') return refuse(`${expected}; a plain number is not taken`)
    return otherForm(unit, value) ?? refuse(expected)
  }
}

function days(unit: TimeUnit): Complete {
  const { words, least, most, range, text } = unit
  const others = text === 'day' ? `text such as "${examples.day}", a Date at midnight UTC, or ` : ''
  const expected = `must be ${others}${words} as a number, ${range}`
  return value => {
    if (isInt(value)) return value >= least && value <= most ? value + 0 : refuse(expected)
    const other = otherForm(unit, value)
    return other === undefined ? refuse(expected) : Number(other)
  }
}

function otherForm(unit: TimeUnit, value: unknown): bigint | undefined {
  if (value instanceof Date) return unitsOfDate(unit, value)
  return typeof value === 'string' && unit.text !== 'instant' ? unitsOfText(unit, value) : undefined
}

function jsonTime(kind: string, unit: TimeUnit, changes: Changes): Complete {
  const { words, least, most, range, text } = unit
  const others = text ? `text such as "${examples[text]}", or ` : ''
  const expected = `must be ${others}${words} as a whole number, ${range}`
  return value => {
    if (typeof value === 'string') changes.count += 1
    const units = typeof value === 'string' ? unitsOfText(unit, value) : wholeOfJson(value, changes)
    if (units === undefined || units < least || units > most) return refuse(expected)
    const fault = typeof value === 'string' ? undefined : unitFault(unit, units)
    if (fault !== undefined) return refuseUnit(fault)
    return kind === 'int' ? Number(units) : units
  }
}

function jsonDecimal(logical: Logical, changes: Changes): Complete {
  const { precision = 0, scale = 0 } = logical
  const expected = `must be a decimal, as a number or text, ${digitsInWords(logical)}`
  return value => {
    const unscaled =
      typeof value === 'string' ? unscaledOf(value, precision, scale) : unscaledOfJson(value, precision, scale)
    if (unscaled === undefined) return refuse(expected)
    const text = decimalText(unscaled, scale)
    if (text !== textOfJson(value)) changes.count += 1
    return text
  }
}

/** Digits of 2^63. */
const longDigits = 19

function wholeOfJson(value: unknown, changes: Changes, bits = 64): bigint | undefined {
  const whole = Number.isSafeInteger(value) ? BigInt(value as number) : unscaledOfJson(value, longDigits, 0)
  if (whole === undefined || BigInt.asIntN(bits, whole) !== whole) return undefined
  if (String(whole) !== textOfJson(value)) changes.count += 1
  return whole
}

function rounded(value: unknown, changes: Changes, complete: (number: unknown) => number): number {
  const { number, same } = roundedOfJson(value)
  const completed = complete(number)
  if (!same || completed !== number) changes.count += 1
  return completed
}

/** Base64 as it is stored: with its padding, and nothing left over. */
function bytesOfJson(value: unknown, size?: number): Buffer | undefined {
  if (typeof value !== 'string') return undefined
  const bytes = Buffer.from(value, 'base64')
  if (size !== undefined && bytes.length !== size) return undefined
  return bytes.toString('base64') === value ? bytes : undefined
}
