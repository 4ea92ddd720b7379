import type { AvroRecord } from '../avro/index.ts'
import { avroType, isSimpleName, parseSchema, type SchemaNode } from '../avro/index.ts'
import { composeEnvelope, envelopeName, eventNamePattern, namespaceOf } from '../envelope.ts'
import { SchemaError } from '../errors.ts'
import { defaultFaults } from './default-faults.ts'

/** Why a folder cannot be an event's, or undefined. */
export function eventNameFault(eventName: string): string | undefined {
  if (eventNamePattern.test(eventName)) return undefined
  return `${JSON.stringify(eventName)} is no event name: two or more words of a-z and 0-9, joined by dots, each beginning with a letter (order.placed)`
}

/** What is wrong with one version file, in words; empty when it may be published. */
export function versionFaults(eventName: string, schema: unknown): string[] {
  if (!isRecord(schema)) {
    const what = isJsonSchema(schema) ? 'the file holds a JSON Schema; it' : 'the file'
    return [`${what} must hold one Avro record: { "type": "record", "name": …, "fields": [ … ] }`]
  }
  const faults = [...headFaults(eventName, schema)]
  try {
    // The whole envelope, because a name in the payload may clash with one around it.
    const envelope = parseSchema(composeEnvelope(eventName, schema))
    const payload = envelope.kind === 'record' && envelope.fields.find(field => field.name === 'payload')?.type
    if (payload) faults.push(...nodeFaults(payload, '', new Set()))
    if (faults.length === 0) avroType(composeEnvelope(eventName, schema))
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    const fault = error.message.replace(/^payload\./, '')
    faults.push(/is not defined before it is used$/.test(fault) ? `${fault}; a file holds all of its types` : fault)
  }
  return faults
}

function* headFaults(eventName: string, schema: AvroRecord): Generator<string> {
  if (!isSimpleName(schema.name)) yield 'the record needs a name of letters, digits and _, such as OrderPlaced'
  else if (schema.name === envelopeName) yield `the record cannot be named ${envelopeName}: that is the one around it`
  const namespace = namespaceOf(eventName)
  if (schema.namespace !== undefined && schema.namespace !== namespace)
    yield `the record's namespace follows from the event name: leave it out, or write ${namespace}`
  if (typeof schema.doc !== 'string' || !schema.doc) yield 'the record needs a `doc` that says what happened'
}

function* nodeFaults(node: SchemaNode, path: string, seen: Set<SchemaNode>): Generator<string> {
  if (seen.has(node)) return
  seen.add(node)
  switch (node.kind) {
    case 'array':
      return yield* nodeFaults(node.items, `${path}[]`, seen)
    case 'map':
      return yield* nodeFaults(node.values, `${path}{}`, seen)
    case 'union':
      for (const branch of node.branches) yield* nodeFaults(branch, path, seen)
      return
    case 'enum':
      if (node.fallback === undefined)
        yield `\`${path}\`: the enum needs a \`default\` (one of its symbols), or no symbol can ever be added`
      return
    case 'record':
      for (const field of node.fields) {
        const fieldPath = path ? `${path}.${field.name}` : field.name
        if (field.name === '__proto__') yield '`__proto__` cannot be the name of a field in JavaScript'
        if (!field.doc) yield `\`${fieldPath}\` needs a \`doc\` that says what it holds`
        yield* nodeFaults(field.type, fieldPath, seen)
        if (field.fallback)
          for (const { at, message } of defaultFaults(field.type, field.fallback.json))
            yield `the default of \`${fieldPath}${at}\` ${message}`
      }
  }
}

const isRecord = (schema: unknown): schema is AvroRecord =>
  typeof schema === 'object' &&
  schema !== null &&
  'type' in schema &&
  schema.type === 'record' &&
  'fields' in schema &&
  Array.isArray(schema.fields)

const isJsonSchema = (schema: unknown): boolean =>
  typeof schema === 'object' && schema !== null && ('$schema' in schema || 'properties' in schema || '$ref' in schema)
