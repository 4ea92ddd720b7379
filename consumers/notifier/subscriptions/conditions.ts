/** A condition on a field of an event: `payload.currency=EUR`, `payload.total>=100`. */
export interface Condition {
  /** `payload.total`, `aggregate_id`. */
  readonly path: string
  readonly operator: Operator
  readonly value: string
}
type Operator = '=' | '!=' | '<' | '<=' | '>' | '>='

const shape = /^([a-z_][\w.]*)(!=|<=|>=|=|<|>)(.*)$/is

/** @throws Error in words */
export function conditionOf(text: string): Condition {
  const [, path, operator, value] = shape.exec(text) ?? []
  if (path === undefined || operator === undefined || value === undefined)
    throw new Error('expected a field, one of = != < <= > >=, and a value, such as payload.currency=EUR')
  return { path, operator: operator as Operator, value }
}

/**
 * Whether a condition holds. Two numbers are compared as numbers, exactly whatever their digits; all else as text. `null`
 * is the value of a field that has none: it is equal to the word `null` alone, and neither less nor more than anything.
 */
export function holds({ path, operator, value }: Condition, envelope: object): boolean {
  const found = valueAt(path, envelope)
  if (found === null) return operator === '=' ? value === 'null' : operator === '!=' && value !== 'null'
  const order = compare(found, value)
  switch (operator) {
    case '=':
      return order === 0
    case '!=':
      return order !== 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
  }
}

function valueAt(path: string, envelope: object): string | null {
  let value: unknown = envelope
  for (const name of path.split('.'))
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? (value as Record<string, unknown>)[name]
        : null
  return value === null || value === undefined || typeof value === 'object' ? null : String(value)
}

function compare(one: string, other: string): number {
  const [left, right] = [numberOf(one), numberOf(other)]
  if (left === undefined || right === undefined) return one < other ? -1 : one > other ? 1 : 0
  const places = Math.max(left.places, right.places)
  const difference = scaled(left, places) - scaled(right, places)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

interface ExactNumber {
  readonly digits: bigint
  readonly places: number
}

const scaled = ({ digits, places }: ExactNumber, to: number): bigint => digits * 10n ** BigInt(to - places)

/** At most as many digits as a decimal may have, and exponents that JavaScript writes. */
function numberOf(text: string): ExactNumber | undefined {
  const [, sign = '', whole, rest = '', power = '0'] =
    /^(-?)(\d{1,1000})(?:\.(\d{1,1000}))?(?:e([+-]?\d{1,3}))?$/i.exec(text) ?? []
  if (whole === undefined) return undefined
  const digits = BigInt(sign + whole + rest)
  const places = rest.length - Number(power)
  return places >= 0 ? { digits, places } : { digits: digits * 10n ** BigInt(-places), places: 0 }
}
