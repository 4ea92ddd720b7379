import avsc, { type Type } from 'avsc'
import { RefusedRecord } from './errors.ts'

const { types } = avsc

/** Writes a decoded Avro value as JSON text. */
export type JsonWriter = (value: unknown) => string

/**
 * Makes the JSON writer of an Avro type. JSON.stringify would not do: a float must be the shortest decimal that
 * reads back as the same float32 (87.3), a long must keep all its digits, and NaN must not become null.
 * The writer throws {@link RefusedRecord} `NUMBER_NOT_FINITE` for NaN and ±Infinity; -0 becomes 0.
 */
export function compileJson(type: Type): JsonWriter {
  return compile(type, new Map())
}

function compile(type: Type, named: Map<Type, JsonWriter>): JsonWriter {
  const known = named.get(type)
  if (known) return known
  // A recursive type meets itself before its writer is ready.
  let ready: JsonWriter | undefined
  named.set(type, value => (ready ?? refuse)(value))
  ready = compileFresh(type, named)
  named.set(type, ready)
  return ready
}

const refuse: JsonWriter = () => {
  throw new RefusedRecord('DECODE_FAILED', 'the schema refers to itself before it is complete')
}

function compileFresh(type: Type, named: Map<Type, JsonWriter>): JsonWriter {
  if (type instanceof types.RecordType) {
    const fields = type.fields.map(({ name, type: fieldType }) => ({
      name,
      label: `${JSON.stringify(name)}:`,
      write: compile(fieldType, named)
    }))
    return value => {
      const record = value as Record<string, unknown>
      let json = '{'
      for (const { name, label, write } of fields) json += (json.length > 1 ? ',' : '') + label + write(record[name])
      return `${json}}`
    }
  }
  if (type instanceof types.ArrayType) {
    const write = compile(type.itemsType, named)
    return value => `[${(value as unknown[]).map(write).join(',')}]`
  }
  if (type instanceof types.MapType) {
    const write = compile(type.valuesType, named)
    return value =>
      `{${Object.entries(value as object)
        .map(([key, item]) => `${JSON.stringify(key)}:${write(item)}`)
        .join(',')}}`
  }
  if (type instanceof types.UnwrappedUnionType) return unwrappedUnion(type, named)
  if (type instanceof types.WrappedUnionType) return wrappedUnion(type, named)
  if (type instanceof types.LogicalType) return logical(type, named)
  if (type instanceof types.FloatType || type instanceof types.DoubleType) return numberText
  if (type instanceof types.BytesType || type instanceof types.FixedType)
    return value => `"${Buffer.from(value as Uint8Array).toString('base64')}"`
  if (type instanceof types.StringType || type instanceof types.EnumType) return value => JSON.stringify(value)
  // null, boolean, int, and long, which is a bigint with all its digits.
  return value => String(value)
}

function unwrappedUnion(type: InstanceType<typeof types.UnwrappedUnionType>, named: Map<Type, JsonWriter>): JsonWriter {
  const writers = type.types.map(branch => compile(branch, named))
  // As avsc chooses when it encodes; its types do not tell. Asking each branch would take bytes for a map.
  const union = type as unknown as { _getIndex(value: unknown): number | undefined }
  return value => {
    const write = writers[union._getIndex(value) ?? -1]
    if (!write) throw new RefusedRecord('DECODE_FAILED', 'a union holds a value of none of its types')
    return write(value)
  }
}

// A union of types that cannot be told apart by value comes wrapped, `{ name: value }`; the JSON holds the value.
function wrappedUnion(type: InstanceType<typeof types.WrappedUnionType>, named: Map<Type, JsonWriter>): JsonWriter {
  const branches = new Map(type.types.map(branch => [branch.branchName ?? '', compile(branch, named)]))
  return value => {
    if (value === null) return 'null'
    const [name, inner] = Object.entries(value as object)[0] ?? ['', undefined]
    const write = branches.get(name)
    if (!write) throw new RefusedRecord('DECODE_FAILED', 'a union holds a value of none of its types')
    return write(inner)
  }
}

function logical(type: InstanceType<typeof types.LogicalType>, named: Map<Type, JsonWriter>): JsonWriter {
  const underlying = compile(type.underlyingType, named)
  return value => {
    // A decimal arrives as its exact digits, which are a JSON number as they are.
    if (typeof value === 'string') return type.typeName === 'logical:decimal' ? value : JSON.stringify(value)
    return underlying(value)
  }
}

// A decoded float is the shortest decimal of its float32 already (schemas/avro.ts).
function numberText(value: unknown): string {
  const number = requireFinite(value as number)
  return number === 0 ? '0' : String(number)
}

/** @throws RefusedRecord `NUMBER_NOT_FINITE` for NaN and ±Infinity */
export function requireFinite(value: number): number {
  if (Number.isFinite(value)) return value
  throw new RefusedRecord('NUMBER_NOT_FINITE', 'a float or double is NaN or infinite, which JSON cannot hold')
}
