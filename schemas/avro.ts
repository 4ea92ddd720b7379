import { isUtf8 } from 'node:buffer'
import avsc, { type Type } from 'avsc'
import { bytesOfUnscaled, decimalText, unscaledOf, unscaledOfBytes } from './decimal.ts'
import { SchemaError } from './errors.ts'
import { shortestFloat } from './float.ts'
import { decimalOf, isAmbiguous, type Logical, shapes } from './model.ts'
import type { AvroSchema } from './types.ts'

const { types } = avsc
type ForSchemaOptions = NonNullable<Parameters<typeof avsc.Type.forSchema>[1]>
type AvscSchema = Parameters<typeof avsc.Type.forSchema>[0]

/** avsc's reading position. Its types are extended below by their `_read`, which avsc 5 does not declare. */
interface Tap {
  readonly buf: Buffer
  pos: number
  readLong(): number
  readFloat(): number
  skipLong(): void
}
interface Readable {
  _read(tap: Tap): unknown
}

/** Bytes that are no Avro of their schema. Its message tells numbers at most, never text of the data. */
export class MalformedAvro extends Error {}

/**
 * The one place that makes codecs out of schemas. What a value is in JavaScript:
 *
 * - `int`, `float`, `double`: number; a decoded float is the shortest decimal of its float32 (87.3).
 * - `long`, and every logical type on it: bigint, exact; in microseconds etc. as the schema says.
 * - `string` and `uuid`: string; bytes that are not UTF-8 are refused, not replaced.
 * - `bytes`, `fixed`: Buffer. `decimal` on them: decimal text with all digits of its scale.
 * - `date`, `time-millis`: the number that Avro holds. Unknown logical types count as what they stand on.
 * - union: the plain value; where two branches would look the same, `{ "<branch>": value }`.
 *
 * Makes a new type with each call: keep it.
 * @throws SchemaError `SCHEMA_INVALID`
 */
export function avroType(schema: AvroSchema): Type {
  try {
    return avsc.Type.forSchema(schema as AvscSchema, {
      typeHook: chooseType as NonNullable<ForSchemaOptions['typeHook']>,
      logicalTypes: { decimal: DecimalType },
      omitRecordMethods: true
    })
  } catch (cause) {
    throw new SchemaError('SCHEMA_INVALID', `The Avro schema is not valid: ${(cause as Error).message}`, { cause })
  }
}

function chooseType(schema: AvroSchema, options: ForSchemaOptions): Type | undefined {
  if (Array.isArray(schema)) return unionType(schema, options)
  const name = typeof schema === 'string' ? schema : (schema as { type?: unknown }).type
  switch (name) {
    case 'int':
      return strictInt
    case 'long':
      return bigLong
    case 'float':
      return shortFloat
    case 'string':
      return strictString
    case 'array':
      return new BoundedArray(schema as AvscSchema, options)
    case 'map':
      return new BoundedMap(schema as AvscSchema, options)
  }
  return undefined
}

function unionType(schema: readonly AvroSchema[], options: ForSchemaOptions): Type {
  const branches = schema.map(branch => avsc.Type.forSchema(branch as AvscSchema, options))
  const Union = isAmbiguous(branches.map(typeShape)) ? types.WrappedUnionType : types.UnwrappedUnionType
  return new Union(branches as unknown as AvscSchema, options)
}

function typeShape(type: Type): string {
  const name = type.typeName
  if (name === 'logical:decimal') return 'string'
  if (name === 'abstract:long') return 'bigint'
  return shapes[name as keyof typeof shapes]
}

class StrictInt extends types.IntType {
  _read(tap: Tap): number {
    const value = tap.readLong()
    if (value !== (value | 0)) throw new MalformedAvro('an int of more than 32 bits')
    return value
  }

  // avsc's own throws on a bigint, which may well be the value of another branch of a union.
  _check(value: unknown, _flags: unknown, onInvalid?: (value: unknown, type: Type) => void): boolean {
    const valid = typeof value === 'number' && value === (value | 0)
    if (!valid) onInvalid?.(value, this)
    return valid
  }
}

class ShortFloat extends types.FloatType {
  _read(tap: Tap): number {
    return shortestFloat(tap.readFloat())
  }
}

class StrictString extends types.StringType {
  _read(tap: Tap): string {
    return readText(tap)
  }
}

// avsc replaces what is not UTF-8 by U+FFFD; an audit trail must not change what it is given.
function readText(tap: Tap): string {
  const length = tap.readLong()
  const start = tap.pos
  const end = start + length
  if (length < 0 || end > tap.buf.length) throw new MalformedAvro('it is cut short within a string')
  tap.pos = end
  const text = tap.buf.toString('utf8', start, end)
  if (text.includes('\ufffd') && !isUtf8(tap.buf.subarray(start, end)))
    throw new MalformedAvro('a string is not valid UTF-8')
  return text
}

class BoundedArray extends types.ArrayType {
  _read(this: { readonly itemsType: Readable }, tap: Tap): unknown[] {
    const values: unknown[] = []
    readBlocks(tap, () => values.push(this.itemsType._read(tap)))
    return values
  }
}

class BoundedMap extends types.MapType {
  _read(this: { readonly valuesType: Readable }, tap: Tap): Record<string, unknown> {
    const values: Record<string, unknown> = {}
    readBlocks(tap, () => {
      const key = readText(tap)
      const value = this.valuesType._read(tap)
      if (key === '__proto__') Object.defineProperty(values, key, { value, ...ownProperty })
      else values[key] = value
    })
    return values
  }
}

const ownProperty = { enumerable: true, writable: true, configurable: true }

// A false count must not keep the reader busy past the end of the data. Items of no bytes at all (null) exist.
const emptyItemsAllowed = 65_536

function readBlocks(tap: Tap, readItem: () => void): void {
  let left = Math.max(tap.buf.length - tap.pos, emptyItemsAllowed)
  for (let count = tap.readLong(); count !== 0; count = tap.readLong()) {
    if (count < 0) {
      count = -count
      tap.skipLong()
    }
    left -= count
    if (left < 0) throw new MalformedAvro('an array or a map claims more items than there are bytes')
    for (; count > 0; count -= 1) {
      readItem()
      if (tap.pos > tap.buf.length) throw new MalformedAvro('it is cut short within an array or a map')
    }
  }
}

class DecimalType extends types.LogicalType {
  readonly #digits: Required<Logical>
  readonly #size: number | undefined

  constructor(schema: AvscSchema, options?: unknown) {
    super(schema, options)
    const underlying = this.underlyingType
    if (underlying instanceof types.FixedType) this.#size = underlying.size
    else if (!(underlying instanceof types.BytesType)) throw new MalformedAvro('decimal stands on bytes or fixed')
    const digits = decimalOf(schema as unknown as Record<string, unknown>, this.#size)
    if (!digits) throw new MalformedAvro('decimal needs precision and scale')
    this.#digits = digits
  }

  protected override _fromValue(bytes: Buffer | undefined): string | undefined {
    return bytes && decimalText(unscaledOfBytes(bytes), this.#digits.scale)
  }

  protected override _toValue(text: unknown): Buffer | undefined {
    if (typeof text !== 'string') return undefined
    const unscaled = unscaledOf(text, this.#digits.precision, this.#digits.scale)
    return unscaled === undefined ? undefined : bytesOfUnscaled(unscaled, this.#size)
  }

  protected override _resolve(writer: Type): ((value: unknown) => unknown) | undefined {
    const sameDigits =
      writer instanceof DecimalType &&
      writer.#digits.precision === this.#digits.precision &&
      writer.#digits.scale === this.#digits.scale
    return sameDigits ? value => value : undefined
  }
}

const exactInNumber = 2n ** 52n

const bigLong = types.LongType.__with(
  {
    fromBuffer: readVarint,
    toBuffer: writeVarint,
    fromJSON: (value: number | string | bigint) => BigInt(value),
    toJSON: (value: bigint) => (value > -exactInNumber && value < exactInNumber ? Number(value) : value.toString()),
    isValid: (value: unknown) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
    compare: (one: bigint, other: bigint) => (one < other ? -1 : one > other ? 1 : 0)
  },
  true
)

function readVarint(bytes: Buffer): bigint {
  let sum = 0
  for (let index = bytes.length - 1; index >= 0; index -= 1) sum = sum * 128 + ((bytes[index] as number) & 0x7f)
  if (sum <= Number.MAX_SAFE_INTEGER) return BigInt(sum % 2 ? -(sum + 1) / 2 : sum / 2)
  let exact = 0n
  for (let index = bytes.length - 1; index >= 0; index -= 1)
    exact = (exact << 7n) | BigInt((bytes[index] as number) & 0x7f)
  if (exact >= 2n ** 64n) throw new MalformedAvro('a long of more than 64 bits')
  return exact & 1n ? -((exact + 1n) >> 1n) : exact >> 1n
}

function writeVarint(value: bigint): Buffer {
  const bytes: number[] = []
  if (value > -exactInNumber && value < exactInNumber) {
    const number = Number(value)
    let rest = number < 0 ? -2 * number - 1 : 2 * number
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
    bytes.push(rest)
  } else {
    let rest = value < 0n ? -2n * value - 1n : 2n * value
    for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
    bytes.push(Number(rest))
  }
  return Buffer.from(bytes)
}

const strictInt = new StrictInt()
const shortFloat = new ShortFloat()
const strictString = new StrictString()
