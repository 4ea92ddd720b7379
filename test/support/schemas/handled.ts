import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { compileUnwrap, isWrapped } from '../../../schemas/avro/codec/union.ts'
import { defaultFromJson } from '../../../schemas/avro/defaults.ts'
import { shortestFloat } from '../../../schemas/avro/float.ts'
import { branchName } from '../../../schemas/avro/model.ts'
import { parseSchema } from '../../../schemas/avro/parse.ts'
import { compileCompleter } from '../../../schemas/avro/values/complete.ts'
import {
  type AvroRecord,
  type AvroSchema,
  catalogueOf,
  checkEvolution,
  type EventVersion,
  encodeEnvelope,
  envelopeReader,
  type SchemaNode,
  writerType
} from '../../../schemas/index.ts'
import { CopyBuffer } from '../../../trail/rows/copy-buffer.ts'
import { readRow } from '../../../trail/rows/copy-row.ts'
import { compileRowEncoder } from '../../../trail/rows/row-encoder.ts'
import { runs } from '../properties.ts'
import { digitsText, objectText } from '../trail/jsonb-text.ts'
import { payloads } from './schema-shapes.ts'

const eventName = 'thing.done'
const valuesOfEach = 4
const uuid = '0190f0a0-aaaa-7000-8000-00000000000b'

/**
 * Holds against each other what was published, what a handler gets and what is stored, for so many pairs of a generated
 * schema and a value of it: in the same version, and between two versions that the rules of evolution take.
 */
export function checkHandled(pairs: number): void {
  fc.assert(
    fc.property(cases, ({ older, newer, values }) => {
      const data = catalogueOf({ [eventName]: [older, newer] })
      const [one, two] = [data.version(eventName, 1), data.version(eventName, 2)]
      same(checkEvolution([older, newer], eventName), [])
      const [oneNode, twoNode] = [nodeOf(one), nodeOf(two)]
      for (const value of values) {
        const published = projected(value, oneNode, oneNode)
        const bytes = written(one, value)
        same(handled(one, one, bytes), published)
        same(stored(one, bytes), json(published, oneNode))
        const later = projected(value, oneNode, twoNode)
        same(handled(two, one, bytes), later)
        // What the newer one publishes, read by the older: only what both know is as it was.
        const laterBytes = written(two, later)
        same(handled(two, two, laterBytes), later)
        same(stored(two, laterBytes), json(later, twoNode))
        same(handled(one, two, laterBytes), projected(later, twoNode, oneNode))
      }
    }),
    { numRuns: runs(Math.ceil(pairs / valuesOfEach)) }
  )
}

function same(found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return
  const text = (each: unknown) =>
    JSON.stringify(each, (_, part) => (typeof part === 'bigint' ? `${part}n` : (part as unknown)))
  throw new Error(`found ${text(found)}\nexpected ${text(expected)}`)
}

const cases = payloads().chain(({ schema, value }) => {
  const older = recursive(schema)
  const values = fc.array(
    fc
      .tuple(value, value, value)
      .map(([outer, inner, last]) => nested(outer as object, inner as object, last as object)),
    { minLength: valuesOfEach, maxLength: valuesOfEach }
  )
  const dice = fc.array(fc.nat(5), { minLength: 40, maxLength: 40 })
  return fc.record({ values, dice }).map(({ values, dice }) => ({ older, newer: changed(older, dice), values }))
})

/** The same record, that may hold itself in each way. */
function recursive(schema: AvroRecord): AvroRecord {
  const own = schema.name
  const fields = [
    { name: 'again', type: ['null', own], default: null },
    { name: 'many', type: { type: 'array', items: own }, default: [] },
    { name: 'named', type: { type: 'map', values: ['null', 'string', own] }, default: {} }
  ]
  return { ...schema, fields: [...schema.fields, ...fields] }
}

function nested(outer: object, inner: object, last: object): object {
  const leaf = { ...last, again: null, many: [], named: {} }
  const middle = { ...inner, again: leaf, many: [], named: { constructor: leaf, none: null, text: 'text' } }
  return { ...outer, again: null, many: [middle, leaf], named: { middle } }
}

/** Another version that the rules take: fields with defaults come and go, fields and branches change places. */
function changed(schema: AvroRecord, dice: readonly number[]): AvroRecord {
  let throws = 0
  let added = 0
  const roll = (): number => dice[throws++ % dice.length] as number
  const change = (each: AvroSchema): AvroSchema => {
    if (typeof each === 'string') return each
    if (Array.isArray(each)) return rotated(each.map(change), roll())
    switch (each.type) {
      case 'record':
        return { ...each, fields: fieldsOf(each.fields as AvroRecord['fields']) }
      case 'array':
        return { ...each, items: change(each.items as AvroSchema) }
      case 'map':
        return { ...each, values: change(each.values as AvroSchema) }
      case 'enum': {
        const symbols = each.symbols as string[]
        const kept = roll() === 0 ? symbols.filter(symbol => symbol === each.default) : symbols
        return { ...each, symbols: roll() === 0 ? ['Added_symbol', ...kept] : kept }
      }
      default:
        return each
    }
  }
  const fieldsOf = (fields: AvroRecord['fields']): AvroRecord['fields'] => {
    const kept = fields.filter(field => !('default' in field && definesNothing(field.type) && roll() === 0))
    const more = roll() < 2 ? [newField(roll(), added++)] : []
    const changed = kept.map(field => {
      const type = change(field.type)
      // A default is one of the first branch, which may be another one now.
      const { default: _, ...rest } = field
      return holdsUnion(type) ? { ...rest, type } : { ...field, type }
    })
    return rotated([...more, ...changed], roll())
  }
  return change(schema) as unknown as AvroRecord
}

// Fields whose default goes with the union in it would be missing in one of both versions, which the rules refuse.
const holdsUnion = (type: AvroSchema): boolean => Array.isArray(type) && type[0] !== 'null'
// Another field may refer to what a field defines.
const definesNothing = (type: AvroSchema): boolean => !JSON.stringify(type).includes('"name"')

const newFields = [
  { type: 'string', default: 'new' },
  { type: ['long', 'double', 'null'], default: 5 },
  { type: { type: 'array', items: 'bytes' }, default: ['\u00ff'] },
  { type: { type: 'bytes', logicalType: 'decimal', precision: 5, scale: 2 }, default: '\u0001' },
  { type: ['null', 'int'], default: null },
  { type: { type: 'map', values: 'float' }, default: { x: 1.5 } }
]
const newField = (which: number, nth: number) => ({ name: `added${nth}`, doc: 'New.', ...newFields[which] }) as never

// `["null", …]` keeps its place: its default is null.
function rotated<T>(items: readonly T[], by: number): T[] {
  if (items[0] === 'null') return ['null' as T, ...rotated(items.slice(1), by)]
  const at = items.length === 0 ? 0 : by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}

const nodeOf = (version: EventVersion): SchemaNode => parseSchema(version.payload, `eventtrail.${eventName}`)

const written = (version: EventVersion, payload: unknown): Buffer =>
  encodeEnvelope(version, 1, { id: uuid, aggregate_id: uuid, occurred_at: 5n, payload }, version.version)

const handled = (known: EventVersion, writer: EventVersion, bytes: Buffer): unknown =>
  envelopeReader(known, JSON.parse(JSON.stringify(writer.envelope)) as AvroSchema)(bytes).payload

function stored(version: EventVersion, bytes: Buffer): string {
  const out = new CopyBuffer()
  const encode = compileRowEncoder(writerType(version.envelope), eventName, [version.version])
  encode(bytes, 0, bytes.length, { partition: 0, offset: 0 }, out)
  return readRow(out.bytes, 0, out.at).payload
}

/** A value of one version as the other has it, made without the code under test but for defaults. */
function projected(value: unknown, from: SchemaNode, to: SchemaNode): unknown {
  if (from.kind === 'union' && to.kind === 'union') {
    const { index, inner } = compileUnwrap(from)(value)
    const branch = from.branches[index] as SchemaNode
    const target = to.branches.find(each => branchName(each) === branchName(branch)) as SchemaNode
    const part = projected(inner, branch, target)
    return isWrapped(to) && part !== null ? { [branchName(target)]: part } : part
  }
  if (from.kind === 'record' && to.kind === 'record') {
    const record = value as Readonly<Record<string, unknown>>
    return Object.fromEntries(
      to.fields.map(({ name, type, fallback }) => {
        const written = from.fields.find(field => field.name === name)
        if (written) return [name, projected(record[name], written.type, type)]
        return [name, compileCompleter(type)(defaultFromJson(type, fallback?.json))]
      })
    )
  }
  if (from.kind === 'array' && to.kind === 'array')
    return (value as unknown[]).map(item => projected(item, from.items, to.items))
  if (from.kind === 'map' && to.kind === 'map')
    return Object.fromEntries(
      Object.entries(value as object).map(([key, item]) => [key, projected(item, from.values, to.values)])
    )
  if (to.kind === 'enum') return to.symbols.includes(value as string) ? value : to.fallback
  if (to.kind === 'float') return shortestFloat(value as number)
  return value
}

/** JSON of a value, made without the code under test. */
function json(value: unknown, node: SchemaNode): string {
  switch (node.kind) {
    case 'union': {
      const { index, inner } = compileUnwrap(node)(value)
      return json(inner, node.branches[index] as SchemaNode)
    }
    case 'record':
      return objectText(
        node.fields.map(({ name, type }) => [name, json((value as Record<string, unknown>)[name], type)])
      )
    case 'array':
      return `[${(value as unknown[]).map(item => json(item, node.items)).join(', ')}]`
    case 'map':
      return objectText(Object.entries(value as object).map(([key, item]) => [key, json(item, node.values)]))
    case 'bytes':
    case 'fixed':
      return node.logical?.name === 'decimal' ? (value as string) : `"${(value as Buffer).toString('base64')}"`
    case 'long':
      return String(value)
    case 'float':
    case 'double':
      return digitsText(value as number)
    default:
      return JSON.stringify(value)
  }
}
