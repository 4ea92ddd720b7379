/** An object in JSON that has a key twice: `JSON.parse` would keep the last value, and drop the others in silence. */
export class DuplicateKeyError extends SyntaxError {
  /** @param position of the second of them. */
  constructor(position: number) {
    super(`an object has a key twice, the second at position ${position}`)
  }
}

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown

/**
 * `JSON.parse` that drops nothing.
 * @throws DuplicateKeyError where an object has a key twice
 * @throws SyntaxError as `JSON.parse`
 */
export function parseJson(text: string, reviver?: Reviver): unknown {
  const parsed: unknown = reviver ? JSON.parse(text, reviver) : JSON.parse(text)
  if (colonsIn(text) !== keysIn(parsed)) throw new DuplicateKeyError(positionOfSecond(text))
  return parsed
}

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a

/** The colons outside of strings: one after each key. */
function colonsIn(text: string): number {
  let colons = 0
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charCodeAt(at)
    if (letter === colon) colons += 1
    else if (letter === quote) at = endOfString(text, at)
  }
  return colons
}

/** Where the string that begins at `at` has its closing quote. */
function endOfString(text: string, at: number): number {
  for (let end = at + 1; ; end += 1) {
    const letter = text.charCodeAt(end)
    if (letter === backslash) end += 1
    else if (letter === quote) return end
  }
}

/** The keys of all objects. Not by recursion: JSON may nest deeper than calls can. */
function keysIn(parsed: unknown): number {
  let keys = 0
  const open: unknown[] = [parsed]
  for (let value = open.pop(); open.length > 0 || value !== undefined; value = open.pop()) {
    if (Array.isArray(value)) for (const each of value) open.push(each)
    else if (isPlain(value))
      for (const each of Object.values(value)) {
        keys += 1
        open.push(each)
      }
  }
  return keys
}

// What a reviver makes of a value has no keys in the text.
const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** Of text that is JSON and has a key twice. */
function positionOfSecond(text: string): number {
  const open: Set<unknown>[] = []
  let last = { at: 0, end: 0 }
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at]
    if (letter === '{' || letter === '[') open.push(new Set())
    else if (letter === '}' || letter === ']') open.pop()
    else if (letter === '"') {
      last = { at, end: endOfString(text, at) }
      at = last.end
    } else if (letter === ':') {
      const key: unknown = JSON.parse(text.slice(last.at, last.end + 1))
      if (open.at(-1)?.has(key)) return last.at
      open.at(-1)?.add(key)
    }
  }
  return 0
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Digits of a `numeric` of Postgres: before the point, and after it. */
const mostDigits = { before: 131_072, after: 16_383 } as const
/** Postgres reads no larger exponent, not even of 0. */
const largestExponent = 1_073_741_822

const jsonNumber = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/

/**
 * A number of JSON as `jsonb` prints it: all digits that were written, without exponent, without leading zeros (but the
 * one before the point), and 0 without sign. `1.50e1` becomes `15.0`, `-0.00` becomes `0.00`.
 * @throws RangeError when the text is no number of JSON, or has more digits than a `numeric`: 131,072 before the point or
 * 16,383 after it
 */
export function plainNumber(text: string): string {
  const match = jsonNumber.exec(text)
  if (!match) throw new RangeError('the text is no number of JSON')
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const moved = Number(exponent)
  const scale = Math.max(0, fraction.length - moved)
  const significant = (whole + fraction).replace(/^0+/, '').length
  const before = significant === 0 ? 0 : significant + moved - fraction.length
  if (Math.abs(moved) > largestExponent || scale > mostDigits.after || before > mostDigits.before)
    throw new RangeError('a number has more digits than Postgres takes')
  if (significant === 0) return scale === 0 ? '0' : `0.${'0'.repeat(scale)}`
  const digits = (whole + fraction).padEnd(whole.length + moved, '0').padStart(scale + 1, '0')
  const point = digits.length - scale
  const front = digits.slice(0, point).replace(/^0+(?=\d)/, '')
  return scale === 0 ? `${sign}${front}` : `${sign}${front}.${digits.slice(point)}`
}
