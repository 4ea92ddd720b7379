import { parseJson } from '../../core/index.ts'

/** A number of JSON of which a `number` would lose digits, zeros at its end included: they are part of a decimal. */
export class ExactNumber {
  /** As it is in the JSON. */
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/**
 * Parses JSON without losing a digit: a number that `number` cannot hold as it is becomes an {@link ExactNumber}.
 * @throws SyntaxError as `JSON.parse`, and where an object has a key twice (`JSON.parse` keeps the last value alone)
 */
export function parseExactJson(text: string): unknown {
  // Up to 15 digits a number holds them all, and then there is nothing to look at.
  return /[\d.]{16}|\.\d*0(?!\d)/.test(text) ? parseJson(text, exactly) : parseJson(text)
}

function exactly(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  return isSaid(context.source, value) ? value : new ExactNumber(context.source)
}

/** Whether the text is the number itself and not one near to it, and has no zeros at its end. */
function isSaid(text: string, number: number): boolean {
  if (/\.\d*0$/.test(text)) return false
  const [said, held] = [digitsOf(text), digitsOf(String(number))]
  if (!said || !held) return false
  return said.negative === held.negative && said.digits === held.digits && said.exponent === held.exponent
}

/** What a number of JSON is as a `number`, and whether that is the same. */
export function roundedOfJson(value: unknown): { readonly number: unknown; readonly same: boolean } {
  if (!(value instanceof ExactNumber)) return { number: value, same: true }
  const number = Number(value.text)
  return { number, same: isSaid(value.text, number) }
}

interface Digits {
  readonly negative: boolean
  /** Without zeros in front and at the end; empty for 0. */
  readonly digits: string
  /** Power of ten of the last digit. */
  readonly exponent: number
}

function digitsOf(text: string): Digits | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  const all = whole + fraction
  let from = 0
  let to = all.length
  while (from < to && all[from] === '0') from += 1
  while (to > from && all[to - 1] === '0') to -= 1
  if (from === to) return { negative: false, digits: '', exponent: 0 }
  return {
    negative: sign === '-',
    digits: all.slice(from, to),
    exponent: Number(exponent) - fraction.length + (all.length - to)
  }
}

/** A number of JSON times 10^scale, exactly; undefined when it is no such whole number, or has more digits. */
export function unscaledOfJson(value: unknown, precision: number, scale: number): bigint | undefined {
  const number = digitsOf(textOfJson(value))
  if (!number) return undefined
  const { negative, digits, exponent } = number
  if (digits === '') return 0n
  const zeros = exponent + scale
  if (zeros < 0 || digits.length + zeros > precision) return undefined
  const unscaled = BigInt(digits) * 10n ** BigInt(zeros)
  return negative ? -unscaled : unscaled
}

/** The text of a number of JSON; empty for anything else. */
export function textOfJson(value: unknown): string {
  if (value instanceof ExactNumber) return value.text
  return typeof value === 'number' ? String(value) : ''
}
