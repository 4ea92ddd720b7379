import { ExactNumber } from '../../schemas/index.ts'

/** A value of a condition as JSON has it. Numbers stay text, so that no digit is lost. */
export type Scalar =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'literal'; readonly value: boolean | null }

const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/
const literals = new Map<string, boolean | null>([
  ['true', true],
  ['false', false],
  ['null', null]
])

/**
 * What a value as written may mean: `12` is the number and the text, `true` the literal and the text, and what is in double
 * quotes is that text alone.
 * @returns undefined where the quotes do not end, or hold what JSON does not allow
 */
export function scalarsOf(written: string): readonly Scalar[] | undefined {
  if (written.startsWith('"')) {
    const text = quoted(written)
    return text === undefined ? undefined : [{ kind: 'text', text }]
  }
  const text = { kind: 'text', text: written } as const
  if (number.test(written)) return [{ kind: 'number', text: written }, text]
  const literal = literals.get(written)
  return literal === undefined ? [text] : [{ kind: 'literal', value: literal }, text]
}

function quoted(written: string): string | undefined {
  try {
    const value: unknown = JSON.parse(written)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/** As JSON text. */
export const jsonOf = (scalar: Scalar): string =>
  scalar.kind === 'number' ? scalar.text : JSON.stringify(scalar.kind === 'text' ? scalar.text : scalar.value)

/** The text of a number in a payload that was parsed exactly; undefined for all else. */
const numberText = (value: unknown): string | undefined =>
  value instanceof ExactNumber ? value.text : typeof value === 'number' ? String(value) : undefined

/** Whether a value of a payload, parsed exactly, is the same to Postgres. */
export function isSame(value: unknown, scalar: Scalar): boolean {
  if (scalar.kind === 'text') return value === scalar.text
  if (scalar.kind === 'literal') return value === scalar.value
  const text = numberText(value)
  return text !== undefined && compareNumbers(text, scalar.text) === 0
}

/**
 * Compares a value of a payload with one of its own kind, numbers by size and texts by their code points.
 * @returns undefined where it is of another kind
 */
export function compared(value: unknown, scalar: Scalar): number | undefined {
  if (scalar.kind === 'text')
    return typeof value === 'string' ? Buffer.compare(Buffer.from(value), Buffer.from(scalar.text)) : undefined
  if (scalar.kind === 'literal') return undefined
  const text = numberText(value)
  return text === undefined ? undefined : compareNumbers(text, scalar.text)
}

/** Negative, 0 or positive, exactly. */
function compareNumbers(one: string, other: string): number {
  const [a, b] = [partsOf(one), partsOf(other)]
  const exponent = a.exponent < b.exponent ? a.exponent : b.exponent
  const [left, right] = [
    a.digits * 10n ** BigInt(a.exponent - exponent),
    b.digits * 10n ** BigInt(b.exponent - exponent)
  ]
  return left < right ? -1 : left > right ? 1 : 0
}

function partsOf(text: string): { readonly digits: bigint; readonly exponent: number } {
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = BigInt(whole + fraction)
  return { digits: sign ? -digits : digits, exponent: digits === 0n ? 0 : Number(exponent) - fraction.length }
}
