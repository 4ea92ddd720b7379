/** JSON as `jsonb` prints it, made without the code under test. */

/** An object: keys by their bytes of UTF-8, shorter ones first. */
export function objectText(entries: readonly (readonly [key: string, json: string])[]): string {
  const sorted = entries
    .map(([key, json]) => ({ key: Buffer.from(key), text: `${JSON.stringify(key)}: ${json}` }))
    .sort((one, other) => one.key.length - other.key.length || one.key.compare(other.key))
  return `{${sorted.map(({ text }) => text).join(', ')}}`
}

/** A finite number: its digits alone, without an exponent. */
export function digitsText(number: number): string {
  if (number === 0) return '0'
  const [digits = '', exponent] = String(number).split('e')
  return exponent === undefined ? digits : shifted(digits, Number(exponent))
}

/** Moves the point of `d.ddd`, as JavaScript writes it before an exponent. */
function shifted(text: string, by: number): string {
  const sign = text.startsWith('-') ? '-' : ''
  const digits = text.replace(/[-.]/g, '')
  if (by < 0) return `${sign}0.${'0'.repeat(-by - 1)}${digits}`
  return `${sign}${digits.padEnd(by + 1, '0')}`
}

/** JSON text without numbers that JavaScript would change, with keys and spaces as `jsonb` prints them. */
export function reprinted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(reprinted).join(', ')}]`
  if (typeof value === 'number') return digitsText(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return objectText(Object.entries(value).map(([key, each]) => [key, reprinted(each)]))
}
