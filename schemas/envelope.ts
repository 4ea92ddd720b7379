import { isObject } from '../core/index.ts'
import type { AvroRecord, AvroSchema } from './avro/index.ts'

/** What an event name looks like: words of small letters and digits, two or more, joined by dots. */
export const eventNamePattern = /^[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)+$/

/** Name of the record around every payload. */
export const envelopeName = 'EventEnvelope'

const namespacePrefix = 'eventtrail.'
/** The namespace of an event's records. */
export const namespaceOf = (eventName: string): string => namespacePrefix + eventName

const lastMicros = BigInt(Date.UTC(9999, 11, 31, 23, 59, 59, 999)) * 1000n + 999n

/**
 * Whether microseconds since 1970 can be the time of an event: from 1970, before which nothing was published, to the
 * end of 9999 (RFC 3339, section 1). A value outside is mostly in another unit than microseconds.
 */
export const isOccurredAt = (micros: bigint): boolean => micros >= 0n && micros <= lastMicros

const uuid = { type: 'string', logicalType: 'uuid' } as const

/** The envelope around a payload's record: what is registered for the event. Its shape is frozen. */
export function composeEnvelope(eventName: string, payload: AvroRecord): AvroRecord {
  // One order of attributes, so that a schema from a file and the same one embedded give the same text.
  const { namespace: _, type, name, fields, ...attributes } = payload
  const record = { type, name, ...attributes, fields }
  return {
    type: 'record',
    name: envelopeName,
    namespace: namespaceOf(eventName),
    doc: `An event of the name ${eventName}, with its identity.`,
    fields: [
      { name: 'id', type: uuid, doc: 'Identity of the event; the same id is the same event.' },
      { name: 'aggregate_id', type: uuid, doc: 'What the event is about; the key of its Kafka message.' },
      { name: 'occurred_at', type: { type: 'long', logicalType: 'timestamp-micros' }, doc: 'When it happened.' },
      { name: 'event_name', type: 'string', doc: 'Name of the event.' },
      { name: 'payload', type: record, doc: 'What happened.' },
      { name: 'schema_version', type: 'int', doc: 'Version of this schema in its subject: 1, 2, 3 …' }
    ]
  }
}

/** The event name if the schema is an envelope as {@link composeEnvelope} makes it, otherwise undefined. */
export function eventNameOf(schema: AvroSchema): string | undefined {
  if (!isObject(schema) || schema.type !== 'record' || typeof schema.name !== 'string') return undefined
  const full = schema.name.includes('.') ? schema.name : `${String(schema.namespace)}.${schema.name}`
  const namespace = full.slice(0, -(envelopeName.length + 1))
  if (full !== `${namespace}.${envelopeName}` || !namespace.startsWith(namespacePrefix)) return undefined
  const eventName = namespace.slice(namespacePrefix.length)
  if (!eventNamePattern.test(eventName)) return undefined
  return hasEnvelopeFields(schema.fields) ? eventName : undefined
}

// A uuid may be registered as a plain string: the bytes are the same, and its form is checked where it is used.
const fieldRules: Readonly<Record<string, (type: unknown) => boolean>> = {
  id: type => isTyped(type, 'string', 'uuid') || isTyped(type, 'string'),
  aggregate_id: type => isTyped(type, 'string', 'uuid') || isTyped(type, 'string'),
  occurred_at: type => isTyped(type, 'long', 'timestamp-micros'),
  event_name: type => isTyped(type, 'string'),
  payload: type => isObject(type) && type.type === 'record',
  schema_version: type => isTyped(type, 'int')
}

function hasEnvelopeFields(fields: unknown): boolean {
  if (!Array.isArray(fields) || fields.length !== Object.keys(fieldRules).length) return false
  const seen = new Set<string>()
  return fields.every(field => {
    if (!isObject(field) || typeof field.name !== 'string' || seen.has(field.name)) return false
    seen.add(field.name)
    return Object.hasOwn(fieldRules, field.name) && fieldRules[field.name]?.(field.type) === true
  })
}

/**
 * Why a schema that looks like an envelope is none, in words that repeat nothing of it; undefined for an envelope, and
 * for what does not look like one.
 */
export function envelopeFault(schema: AvroSchema): string | undefined {
  if (!isObject(schema) || schema.type !== 'record' || typeof schema.name !== 'string') return undefined
  if (!Array.isArray(schema.fields)) return undefined
  const fields = new Map(schema.fields.flatMap(field => (isObject(field) ? [[field.name, field.type] as const] : [])))
  const missing = Object.keys(fieldRules).filter(name => !fields.has(name))
  const isNamedSo = schema.name === envelopeName || schema.name.endsWith(`.${envelopeName}`)
  if (!isNamedSo && missing.length > 2) return undefined
  if (eventNameOf(schema) !== undefined) return undefined
  const mistyped = Object.entries(fieldRules).flatMap(([name, isRight]) =>
    fields.has(name) && !isRight(fields.get(name)) ? [name] : []
  )
  const faults = [
    ...missing.map(name => `has no field \`${name}\``),
    ...mistyped.map(name => `has another type of \`${name}\` than ${fieldTypes[name]}`),
    ...(fields.size > Object.keys(fieldRules).length - missing.length
      ? ['has fields that an envelope does not have']
      : [])
  ]
  if (faults.length === 0) faults.push(`is not named ${envelopeName} in the namespace ${namespacePrefix}<event name>`)
  return faults.join(', ')
}

const fieldTypes: Readonly<Record<string, string>> = {
  id: 'a string, or one of the logical type uuid',
  aggregate_id: 'a string, or one of the logical type uuid',
  occurred_at: 'a long of the logical type timestamp-micros',
  event_name: 'a string',
  payload: 'a record',
  schema_version: 'an int'
}

function isTyped(type: unknown, name: string, logicalType?: string): boolean {
  if (typeof type === 'string') return type === name && logicalType === undefined
  return isObject(type) && type.type === name && type.logicalType === logicalType
}
