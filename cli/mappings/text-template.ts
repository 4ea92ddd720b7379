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

/** A value to be put in. */
export interface Placeholder {
  /** As it is in the text, for errors. */
  readonly found: string
  readonly path: string
  /** In place of a value that is null, missing or empty. */
  readonly fallback: string
}

export interface PlaceholderOptions {
  /** Whether the text is for a recipient, whose name can be put in. Default false. */
  readonly withRecipient?: boolean
  /** What is made of a value before it is put in; not of the text after `|`. Default: nothing. */
  readonly write?: (value: string) => string
}

/**
 * Compiles a text with placeholders: `{payload.title}`, `{aggregate_id}`, `{recipient.name|reader}`. The text after `|`
 * replaces a value that is null, missing or empty.
 * @throws Error that names the placeholder, for one that the event does not have
 */
export function compileText(text: string, version: EventVersion, options: PlaceholderOptions = {}): TextTemplate {
  const parts = partsOf(text, version, options)
  const { write = value => value } = options
  return values =>
    parts.map(part => (typeof part === 'string' ? part : write(wordsAt(part.path, values)) || part.fallback)).join('')
}

/** The texts and placeholders of a template, in turn. @throws Error as {@link compileText} */
export function partsOf(
  text: string,
  version: EventVersion,
  { withRecipient = false }: PlaceholderOptions
): readonly (string | Placeholder)[] {
  const parts: (string | Placeholder)[] = []
  let end = 0
  for (const { 0: found, 1: path = '', 2: fallback = '', index } of text.matchAll(placeholder)) {
    const fault = faultOf(path, version, withRecipient)
    if (fault !== undefined) throw new Error(`${found}: ${fault}`)
    parts.push(text.slice(end, index), { found, path, fallback })
    end = index + found.length
  }
  parts.push(text.slice(end))
  return parts
}

/**
 * Compiles the path of a field to its value: a number, a boolean, a text, or null. A long that a number of JavaScript
 * cannot hold, and a decimal, are texts.
 * @throws Error for one that the event does not have
 */
export function compileField(
  path: string,
  version: EventVersion
): (values: TemplateValues) => string | number | boolean | null {
  const fault = faultOf(path, version, false)
  if (fault !== undefined) throw new Error(`${path}: ${fault}`)
  return values => {
    const value = valueAt(path, values)
    if (value === null || value === undefined) return null
    if (typeof value === 'bigint' && path !== 'occurred_at') {
      const number = Number(value)
      return Number.isSafeInteger(number) ? number : String(value)
    }
    if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return value
    return wordsAt(path, values)
  }
}

/** Why an event has no text, number or boolean under a path such as `payload.title`; undefined where it has. */
export function faultOf(path: string, version: EventVersion, withRecipient = false): string | undefined {
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

/** The value of a placeholder as text; empty where there is none. */
export function wordsAt(path: string, values: TemplateValues): string {
  const value = valueAt(path, values)
  if (path === 'occurred_at') return new Date(Number((value as bigint) / 1_000n)).toISOString()
  return value === null || value === undefined ? '' : String(value)
}
