import { type EventVersion, namespaceOf, parseSchema, type SchemaNode } from '../../schemas/index.ts'

/** What a template takes values from. */
export interface TemplateValues {
  readonly envelope: object
  readonly recipient?: { readonly name?: string }
}

/** A text with values put in. */
export type TextTemplate = (values: TemplateValues) => string

const placeholder = /\{([a-z_][\w.]*)(?:\|([^{}]*))?\}/gi
const envelopeFields = new Set(['id', 'aggregate_id', 'occurred_at', 'event_name', 'schema_version'])

/**
 * Compiles a text with placeholders: `{payload.title}`, `{aggregate_id}`, `{recipient.name|reader}`. The text after `|`
 * replaces a value that is null, missing or empty.
 * @throws Error that names the placeholder, for one that the event does not have
 */
export function compileText(text: string, version: EventVersion, { withRecipient = false } = {}): TextTemplate {
  const parts: (string | TextTemplate)[] = []
  let end = 0
  for (const { 0: found, 1: path = '', 2: fallback = '', index } of text.matchAll(placeholder)) {
    const fault = faultOf(path, version, withRecipient)
    if (fault !== undefined) throw new Error(`${found}: ${fault}`)
    parts.push(text.slice(end, index), values => inWords(valueAt(path, values), path) || fallback)
    end = index + found.length
  }
  parts.push(text.slice(end))
  return values => parts.map(part => (typeof part === 'string' ? part : part(values))).join('')
}

function faultOf(path: string, version: EventVersion, withRecipient: boolean): string | undefined {
  if (envelopeFields.has(path) || (withRecipient && path === 'recipient.name')) return undefined
  const [first, ...fields] = path.split('.')
  if (first !== 'payload' || fields.length === 0)
    return `expected payload.<field>, ${withRecipient ? 'recipient.name, ' : ''}or one of ${[...envelopeFields].join(', ')}`
  let node = parseSchema(version.payload, namespaceOf(version.eventName))
  for (const field of fields) {
    const inside = notNull(node)
    const found = inside.kind === 'record' ? inside.fields.find(({ name }) => name === field) : undefined
    if (!found) return `${version.eventName} has no field of this name`
    node = found.type
  }
  return isText(notNull(node)) ? undefined : 'this field is no text, number or boolean'
}

/** The type of a field that may be null; a union of more types as it is. */
function notNull(node: SchemaNode): SchemaNode {
  if (node.kind !== 'union') return node
  const others = node.branches.filter(({ kind }) => kind !== 'null')
  return others.length === 1 ? (others[0] as SchemaNode) : node
}

const plain = new Set<SchemaNode['kind']>(['string', 'boolean', 'int', 'long', 'float', 'double', 'enum'])
const isText = (node: SchemaNode): boolean =>
  plain.has(node.kind) || ('logical' in node && node.logical?.name === 'decimal')

function valueAt(path: string, { envelope, recipient }: TemplateValues): unknown {
  let value: unknown = { ...envelope, recipient }
  for (const name of path.split('.'))
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
  return value
}

function inWords(value: unknown, path: string): string {
  if (path === 'occurred_at') return new Date(Number((value as bigint) / 1_000n)).toISOString()
  return value === null || value === undefined ? '' : String(value)
}
