import { compileUnwrap, type SchemaNode, type UnionNode } from '../../schemas/index.ts'
import { BadRecordError } from '../errors.ts'

/** Writes a decoded Avro value as JSON text. */
export type JsonWriter = (value: unknown) => string

/**
 * Makes the JSON writer of an Avro type. JSON.stringify would not do: a float must be the shortest decimal that
 * reads back as the same float32 (87.3), a long must keep all its digits, and NaN must not become null.
 * The writer throws {@link BadRecordError} `NUMBER_NOT_FINITE` for NaN and ±Infinity; -0 becomes 0.
 */
export function compileJson(node: SchemaNode): JsonWriter {
  return compile(node, new Map())
}

function compile(node: SchemaNode, known: Map<SchemaNode, JsonWriter>): JsonWriter {
  const found = known.get(node)
  if (found) return found
  // A recursive type meets itself before its writer is ready.
  let ready: JsonWriter | undefined
  known.set(node, value => (ready ?? refuse)(value))
  ready = compileFresh(node, known)
  known.set(node, ready)
  return ready
}

const refuse: JsonWriter = () => {
  throw new BadRecordError('DECODE_FAILED', 'the schema refers to itself before it is complete')
}

function compileFresh(node: SchemaNode, known: Map<SchemaNode, JsonWriter>): JsonWriter {
  // A decimal arrives as its exact digits, which are a JSON number as they are.
  if ('logical' in node && node.logical?.name === 'decimal') return String
  switch (node.kind) {
    case 'record': {
      const fields = node.fields.map(({ name, type }) => ({
        name,
        label: `${JSON.stringify(name)}:`,
        write: compile(type, known)
      }))
      return value => {
        const record = value as Record<string, unknown>
        let json = '{'
        for (const { name, label, write } of fields) json += (json.length > 1 ? ',' : '') + label + write(record[name])
        return `${json}}`
      }
    }
    case 'array': {
      const write = compile(node.items, known)
      return value => `[${(value as unknown[]).map(write).join(',')}]`
    }
    case 'map': {
      const write = compile(node.values, known)
      return value =>
        `{${Object.entries(value as object)
          .map(([key, item]) => `${JSON.stringify(key)}:${write(item)}`)
          .join(',')}}`
    }
    case 'union':
      return union(node, known)
    case 'float':
    case 'double':
      return numberText
    case 'bytes':
    case 'fixed':
      return value => `"${Buffer.from(value as Uint8Array).toString('base64')}"`
    case 'string':
    case 'enum':
      return value => JSON.stringify(value)
    default:
      // null, boolean, int, and long, which is a bigint with all its digits.
      return value => String(value)
  }
}

// Where the branches cannot be told apart by value it comes wrapped, `{ name: value }`; the JSON holds the value.
function union(node: UnionNode, known: Map<SchemaNode, JsonWriter>): JsonWriter {
  const unwrap = compileUnwrap(node)
  const writers = node.branches.map(branch => compile(branch, known))
  return value => {
    const { index, inner } = unwrap(value)
    const write = writers[index]
    if (!write) throw new BadRecordError('DECODE_FAILED', 'a union holds a value of none of its types')
    return write(inner)
  }
}

// A decoded float is the shortest decimal of its float32 already (schemas/avro/avro-type.ts).
function numberText(value: unknown): string {
  const number = requireFinite(value as number)
  return number === 0 ? '0' : String(number)
}

/** @throws BadRecordError `NUMBER_NOT_FINITE` for NaN and ±Infinity */
export function requireFinite(value: number): number {
  if (Number.isFinite(value)) return value
  throw new BadRecordError('NUMBER_NOT_FINITE', 'a float or double is NaN or infinite, which JSON cannot hold')
}
