import { isObject } from '../../core/index.ts'
import { decimalText, unscaledOfBytes } from './decimal.ts'
import { branchName, isAmbiguous, type SchemaNode, shapeOf } from './model.ts'

/**
 * A default as Avro writes it in JSON, as a value of its type: bytes from their characters, the first branch
 * of a union, fields of a record with their own defaults. What does not fit is given back as it is, or as undefined;
 * the completion of the value then refuses it.
 */
export function defaultFromJson(node: SchemaNode, json: unknown): unknown {
  switch (node.kind) {
    case 'bytes':
    case 'fixed': {
      if (typeof json !== 'string') return json
      const bytes = Buffer.from(json, 'latin1')
      return node.logical?.name === 'decimal' ? decimalText(unscaledOfBytes(bytes), node.logical.scale ?? 0) : bytes
    }
    case 'array':
      return Array.isArray(json) ? json.map(each => defaultFromJson(node.items, each)) : json
    case 'map':
      return isObject(json) ? mapValues(json, each => defaultFromJson(node.values, each)) : json
    case 'record':
      return isObject(json) ? recordFromJson(node.fields, json) : json
    case 'union': {
      const first = node.branches[0] as SchemaNode
      if (!looksLike(first, json)) return undefined
      const value = defaultFromJson(first, json)
      return first.kind !== 'null' && isAmbiguous(node.branches.map(shapeOf)) ? { [branchName(first)]: value } : value
    }
    case 'int':
      return typeof json === 'number' ? json : undefined
    case 'long':
      return Number.isSafeInteger(json) ? BigInt(json as number) : undefined
    default:
      return json
  }
}

function recordFromJson(
  fields: readonly { readonly name: string; readonly type: SchemaNode }[],
  json: Readonly<Record<string, unknown>>
): unknown {
  const typeOf = new Map(fields.map(({ name, type }) => [name, type]))
  return Object.fromEntries(
    Object.entries(json).map(([name, each]) => {
      const type = typeOf.get(name)
      return [name, type ? defaultFromJson(type, each) : each]
    })
  )
}

/** Whether JSON may be a default of the type, so far as its kind shows. */
function looksLike({ kind }: SchemaNode, json: unknown): boolean {
  switch (kind) {
    case 'null':
      return json === null
    case 'boolean':
      return typeof json === 'boolean'
    case 'array':
      return Array.isArray(json)
    case 'map':
    case 'record':
      return isObject(json)
    case 'string':
    case 'enum':
    case 'bytes':
    case 'fixed':
      return typeof json === 'string'
    default:
      return typeof json === 'number'
  }
}

const mapValues = (json: Readonly<Record<string, unknown>>, change: (value: unknown) => unknown) =>
  Object.fromEntries(Object.entries(json).map(([key, value]) => [key, change(value)]))
