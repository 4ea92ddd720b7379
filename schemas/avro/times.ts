import type { SchemaNode } from './model.ts'

/** What the values of a logical type of time are, and how they may be given. */
export interface TimeUnit {
  /** `microseconds since 1970-01-01 UTC`. */
  readonly words: string
  /** The least and the most that is taken, in the unit. */
  readonly least: bigint
  readonly most: bigint
  /** The bounds in words. */
  readonly range: string
  /** What its text is, besides the number. */
  readonly text?: 'instant' | 'local' | 'day'
  readonly nanos: bigint
}

const day = 86_400_000_000_000n
const firstDay = -719_162n
const lastDay = 2_932_896n
const least64 = -(2n ** 63n)
const most64 = 2n ** 63n - 1n
const years = 'from the year 1 to 9999'
const ofADay = 'below 24 hours'
const sizes = { milliseconds: 1_000_000n, microseconds: 1_000n, nanoseconds: 1n } as const
type Size = keyof typeof sizes

function since1970(size: Size, text: 'instant' | 'local'): TimeUnit {
  const nanos = sizes[size]
  const words = `${size} since 1970-01-01 ${text === 'instant' ? 'UTC' : 'in local time'}`
  if (nanos === 1n)
    return { words, least: least64, most: most64, range: 'within 64 bits: the years 1677 to 2262', text, nanos }
  return {
    words,
    least: (firstDay * day) / nanos,
    most: ((lastDay + 1n) * day) / nanos - 1n,
    range: years,
    text,
    nanos
  }
}

const ofDay = (size: Size): TimeUnit => ({
  words: `${size} since midnight`,
  least: 0n,
  most: day / sizes[size] - 1n,
  range: ofADay,
  nanos: sizes[size]
})

const units: Readonly<Record<string, TimeUnit>> = {
  date: { words: 'days since 1970-01-01', least: firstDay, most: lastDay, range: years, text: 'day', nanos: day },
  'time-millis': ofDay('milliseconds'),
  'time-micros': ofDay('microseconds'),
  'timestamp-millis': since1970('milliseconds', 'instant'),
  'timestamp-micros': since1970('microseconds', 'instant'),
  'timestamp-nanos': since1970('nanoseconds', 'instant'),
  'local-timestamp-millis': since1970('milliseconds', 'local'),
  'local-timestamp-micros': since1970('microseconds', 'local'),
  'local-timestamp-nanos': since1970('nanoseconds', 'local')
}

/** The unit of a type of time; undefined for all others. */
export function timeUnitOf(node: SchemaNode): TimeUnit | undefined {
  const name = 'logical' in node ? node.logical?.name : undefined
  return name !== undefined && Object.hasOwn(units, name) ? units[name] : undefined
}

const larger = { seconds: 1_000_000_000n, milliseconds: sizes.milliseconds, microseconds: sizes.microseconds } as const
const seconds2001 = 978_307_200n
const seconds2100 = 4_102_444_800n
/** Nanoseconds from which on no number is taken for one of another unit: 17 February 1970. */
const earliest = seconds2100 * 1_000_000n

/**
 * Why a number is almost certainly in another unit: in its own it is a time of early 1970, and in a larger one a time
 * between 2001 and 2100. Undefined for all other numbers.
 */
export function unitFault({ words, nanos, text }: TimeUnit, value: bigint): string | undefined {
  if (text === undefined || text === 'day' || value < 0n || value * nanos >= earliest) return undefined
  for (const [name, size] of Object.entries(larger)) {
    const factor = size / nanos
    if (factor <= 1n || value < (seconds2001 * larger.seconds) / size || value >= (seconds2100 * larger.seconds) / size)
      continue
    return `looks like ${name} but counts ${words}: multiply it by ${factor.toLocaleString('en')}, or give text such as "${examples[text]}"; a time in early 1970 is taken as text only`
  }
  return undefined
}

/** The same for the number in `occurred_at`. */
export const occurredAtFault = (microseconds: bigint): string | undefined =>
  unitFault(units['timestamp-micros'] as TimeUnit, microseconds)

/** The texts that are in messages and docs. */
export const examples = { instant: '2026-09-01T08:00:00Z', local: '2026-09-01T08:00:00', day: '2026-09-01' } as const

/** A Date in the unit, exactly; undefined when it is none, is out of bounds, or a day is not at its beginning in UTC. */
export function unitsOfDate(unit: TimeUnit, date: Date): bigint | undefined {
  const ms = date.getTime()
  return Number.isNaN(ms) || unit.text === undefined || unit.text === 'local'
    ? undefined
    : inUnit(unit, BigInt(ms) * sizes.milliseconds)
}

/** The same for ISO 8601 text. */
export function unitsOfText(unit: TimeUnit, text: string): bigint | undefined {
  const nanos = unit.text === undefined ? undefined : nanosOf(text, unit.text)
  return nanos === undefined ? undefined : inUnit(unit, nanos)
}

function inUnit({ nanos: size, least, most }: TimeUnit, nanos: bigint): bigint | undefined {
  // Never rounded: a digit that has no place is refused.
  if (nanos % size !== 0n) return undefined
  const value = nanos / size
  return value < least || value > most ? undefined : value
}

const iso =
  /^(?<day>\d{4}-\d\d-\d\d)(?:T(?<hour>[01]\d|2[0-3]):(?<minute>[0-5]\d)(?::(?<second>[0-5]\d)(?:\.(?<fraction>\d{1,9}))?)?(?<zone>Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?)?$/

/**
 * ISO 8601 text as nanoseconds since 1970.
 * @param kind `instant`: a time with its zone; `local`: one without; `day`: a date alone.
 * @returns undefined when the text is none of that kind, or no day of the calendar.
 */
export function nanosOf(text: string, kind: 'instant' | 'local' | 'day'): bigint | undefined {
  const { day: date = '', hour, minute = '', second = '00', fraction = '', zone } = iso.exec(text)?.groups ?? {}
  const found = hour === undefined ? 'day' : zone === undefined ? 'local' : 'instant'
  if (date === '' || found !== kind) return undefined
  const midnight = Date.parse(`${date}T00:00:00Z`)
  // Date takes 30 February for 2 March.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date)) return undefined
  if (hour === undefined) return BigInt(midnight) * sizes.milliseconds
  const seconds = midnight / 1_000 + Number(hour) * 3_600 + Number(minute) * 60 + Number(second) - offsetOf(zone)
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

function offsetOf(zone = 'Z'): number {
  if (zone === 'Z') return 0
  const seconds = Number(zone.slice(1, 3)) * 3_600 + Number(zone.slice(4)) * 60
  return zone.startsWith('-') ? -seconds : seconds
}
