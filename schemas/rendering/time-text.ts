import { type SchemaNode, type TimeUnit, timeUnitOf, unitsOfText } from '../avro/index.ts'

const nanosOfDay = 86_400_000_000_000n

/** A time in its unit as ISO 8601 with all the digits of the unit; undefined where it is out of bounds. */
export function timeText({ nanos: size, least, most, text }: TimeUnit, units: bigint): string | undefined {
  if (units < least || units > most) return undefined
  const nanos = units * size
  // Also of times before 1970.
  const ofDay = ((nanos % nanosOfDay) + nanosOfDay) % nanosOfDay
  const clock = clockText(ofDay, size)
  if (text === undefined) return clock
  const day = new Date(Number((nanos - ofDay) / 1_000_000n)).toISOString().slice(0, 10)
  if (text === 'day') return day
  return `${day}T${clock}${text === 'instant' ? 'Z' : ''}`
}

function clockText(nanos: bigint, size: bigint): string {
  const seconds = Number(nanos / 1_000_000_000n)
  const two = (number: number) => String(Math.floor(number)).padStart(2, '0')
  const digits = 10 - String(size).length
  const fraction = String(nanos % 1_000_000_000n)
    .padStart(9, '0')
    .slice(0, digits)
  return `${two(seconds / 3_600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}.${fraction}`
}

/** What ISO 8601 text is stored as in a field of that type: `20785` for `2026-11-28`; undefined where it is none there. */
export function storedTime(node: SchemaNode, text: string): string | undefined {
  const unit = timeUnitOf(node)
  const units = unit && unitsOfText(unit, text)
  return units === undefined ? undefined : String(units)
}
