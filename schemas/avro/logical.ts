import { maxDecimalDigits } from './decimal.ts'
import type { Attributes } from './schema.ts'

/** What a logical type adds, kept only where it is on the type that the Avro specification gives it. */
export interface Logical {
  readonly name: string
  /** Digits in all: decimal only. */
  readonly precision?: number
  /** Digits after the point: decimal only. */
  readonly scale?: number
}

// A logical type on a type that it does not belong to must be ignored, says the specification.
const logicalHomes: Readonly<Record<string, readonly string[]>> = {
  uuid: ['string'],
  decimal: ['bytes', 'fixed'],
  date: ['int'],
  'time-millis': ['int'],
  'time-micros': ['long'],
  'timestamp-millis': ['long'],
  'timestamp-micros': ['long'],
  'timestamp-nanos': ['long'],
  'local-timestamp-millis': ['long'],
  'local-timestamp-micros': ['long'],
  'local-timestamp-nanos': ['long'],
  duration: ['fixed']
}

/** Whether Avro has a logical type of the name. */
export const isLogicalName = (name: string): boolean => Object.hasOwn(logicalHomes, name)

/** The types that it belongs to. */
export const logicalHomesOf = (name: string): readonly string[] =>
  isLogicalName(name) ? (logicalHomes[name] as readonly string[]) : []

export function logicalOf(schema: Attributes, kind: string, size?: number): Logical | undefined {
  const name = schema.logicalType
  if (typeof name !== 'string' || !logicalHomesOf(name).includes(kind)) return undefined
  if (name !== 'decimal') return { name }
  return decimalOf(schema, size)
}

/** The digits of a decimal; undefined where they are not valid, and the type then counts as plain bytes. */
export function decimalOf(schema: Attributes, size?: number): Required<Logical> | undefined {
  const { precision, scale = 0 } = schema
  if (typeof precision !== 'number' || !Number.isSafeInteger(precision) || precision < 1) return undefined
  if (precision > maxDecimalDigits) return undefined
  if (typeof scale !== 'number' || !Number.isSafeInteger(scale) || scale < 0 || scale > precision) return undefined
  if (size !== undefined && precision > Math.floor(Math.log10(2) * (8 * size - 1))) return undefined
  return { name: 'decimal', precision, scale }
}
