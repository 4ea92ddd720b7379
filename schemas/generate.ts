import { printable } from '../core/index.ts'
import type { AvroRecord } from './avro/index.ts'
import {
  branchName,
  digitsInWords,
  type EnumNode,
  isAmbiguous,
  localName,
  parseSchema,
  type RecordNode,
  type SchemaNode,
  shapeOf,
  timeUnitOf,
  type UnionNode
} from './avro/index.ts'
import { namespaceOf } from './envelope.ts'
import type { Catalogue } from './types.ts'

export interface GenerateOptions {
  /** Module that has `catalogueOf` and the type `Catalogue`. Default `eventtrail/schemas`. */
  readonly importFrom?: string
}

/**
 * The TypeScript file of a catalogue: an interface per event as it is read and one as it is published, the map
 * `Events` of them, and `catalogue`, which holds the schemas themselves. Types are those of the latest versions.
 */
export function generateTypes(catalogue: Catalogue, options: GenerateOptions = {}): string {
  const { importFrom = 'eventtrail/schemas' } = options
  const names = new Names(ownNames)
  const declarations: string[] = []
  const entries: string[] = []
  for (const eventName of catalogue.eventNames) {
    const writer = new EventWriter(eventName, names)
    const node = parseSchema(catalogue.version(eventName).payload, namespaceOf(eventName))
    const { payload, input } = writer.write(node as RecordNode)
    declarations.push(...writer.declarations)
    entries.push(`  readonly '${eventName}': { readonly payload: ${payload}; readonly input: ${input} }`)
  }
  const header = [
    '// Made by `eventtrail schemas generate` from the schemas: change those and run it again.',
    '// biome-ignore-all format: generated',
    '/* eslint-disable */',
    `import { type Catalogue, catalogueOf } from ${quoted(importFrom)}`
  ].join('\n')
  const events = [
    '/** Event name → what it carries: `payload` as it is read, `input` as it is published. */',
    'export type Events = {',
    ...entries,
    '}'
  ].join('\n')
  return `${[header, ...declarations, events, embedded(catalogue)].join('\n\n')}\n`
}

/**
 * The schemas as data, a line a field. They are in the file as the text of their JSON and nothing of them as code:
 * names and attributes of a schema are text from elsewhere.
 */
function embedded(catalogue: Catalogue): string {
  const versions = (eventName: string) => catalogue.versions(eventName).map(({ payload }) => embeddedRecord(payload))
  return [
    '/** The events above with their schemas. */',
    'export const catalogue: Catalogue<Events> = catalogueOf<Events>({',
    catalogue.eventNames.map(name => `  '${name}': [\n${versions(name).join(',\n')}\n  ]`).join(',\n'),
    '})'
  ].join('\n')
}

function embeddedRecord({ type, fields, ...rest }: AvroRecord): string {
  const attributes = Object.entries({ type, ...rest }).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},`
  )
  const lines = fields.map(field => `    ${JSON.stringify(field)}`)
  const json = ['{', ...attributes, '  "fields": [', lines.join(',\n'), '  ]', '}'].join('\n')
  return `    JSON.parse(\`${templateText(json)}\`)`
}

// What an editor or a reviewer does not see as it is: controls, and marks that turn the direction of text.
const unseen = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
const escaped = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`

/** JSON as the inside of a template: nothing in it ends the template or begins an expression. */
const templateText = (json: string): string =>
  json.replace(unseen, escaped).replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${')

/** A text as a literal in single quotes. */
const quoted = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'").replace(unseen, escaped)}'`

// What the file itself uses.
const ownNames = ['Events', 'Catalogue', 'JSON', 'Uint8Array', 'Date', 'Object']

/** What TypeScript sees in every object: without it a field of the name could not be left out. */
const inherited = new Set(Object.getOwnPropertyNames(Object.prototype).filter(name => !name.startsWith('__')))

/** Hands out each TypeScript name once. */
class Names {
  readonly #taken: Set<string>

  constructor(taken: readonly string[]) {
    this.#taken = new Set(taken)
  }

  claim(wanted: string): string {
    let name = wanted
    for (let number = 2; this.#taken.has(name) || this.#taken.has(`${name}Input`); number += 1) name = wanted + number
    this.#taken.add(name).add(`${name}Input`)
    return name
  }
}

interface TypeNames {
  readonly payload: string
  input: string
}

/** Writes the declarations of one event, those that others need first. */
class EventWriter {
  readonly declarations: string[] = []
  readonly #prefix: string
  readonly #names: Names
  readonly #known = new Map<SchemaNode, TypeNames>()

  constructor(eventName: string, names: Names) {
    this.#prefix = eventName.split('.').map(capital).join('')
    this.#names = names
  }

  write(node: RecordNode): TypeNames {
    return this.#record(node, this.#prefix)
  }

  #type(node: SchemaNode): TypeNames {
    if ('logical' in node && node.logical?.name === 'decimal') return same('string')
    switch (node.kind) {
      case 'long':
        return { payload: 'bigint', input: inputsOf(node).join(' | ') }
      case 'int':
        return { payload: 'number', input: inputsOf(node).join(' | ') }
      case 'float':
      case 'double':
        return same('number')
      case 'bytes':
      case 'fixed':
        return same('Uint8Array')
      case 'array':
        return both(this.#type(node.items), type => `readonly ${type.includes(' ') ? `(${type})` : type}[]`)
      case 'map':
        return both(this.#type(node.values), type => `{ readonly [key: string]: ${type} }`)
      case 'enum':
        return this.#enum(node)
      case 'union':
        return this.#union(node)
      case 'record':
        return this.#record(node, this.#prefix + capital(localName(node.name)))
      default:
        return same(node.kind)
    }
  }

  #union(node: UnionNode): TypeNames {
    const shapes = node.branches.map(shapeOf)
    const wrapped = isAmbiguous(shapes)
    const types = node.branches.map(branch => {
      const type = this.#type(branch)
      return wrapped && branch.kind !== 'null'
        ? both(type, each => `{ readonly '${branchName(branch)}': ${each} }`)
        : type
    })
    // What several branches take is said once.
    const inputs = types.flatMap(({ input }, index) => (wrapped ? [input] : inputsOf(node.branches[index], input)))
    return { payload: types.map(type => type.payload).join(' | '), input: [...new Set(inputs)].join(' | ') }
  }

  #enum(node: EnumNode): TypeNames {
    const known = this.#known.get(node)
    if (known) return known
    const name = this.#names.claim(this.#prefix + capital(localName(node.name)))
    this.#known.set(node, same(name))
    this.declarations.push(
      `${comment(node.doc)}export type ${name} = ${node.symbols.map(symbol => `'${symbol}'`).join(' | ')}`
    )
    return same(name)
  }

  #record(node: RecordNode, wanted: string): TypeNames {
    const known = this.#known.get(node)
    if (known) return known
    const payload = this.#names.claim(wanted)
    const names = { payload, input: `${payload}Input` }
    this.#known.set(node, names)
    const fields = node.fields.map(({ name, doc, type, fallback }) => ({
      name,
      doc,
      unit: unitsWithin(type).join(' '),
      fallback,
      ...this.#type(type)
    }))
    this.#declare(
      node.doc,
      payload,
      fields.map(
        field => `${comment(sentences(field.doc, field.unit), '  ')}  readonly ${field.name}: ${field.payload}`
      )
    )
    // Only a record that looks the same both ways needs no second declaration; one that holds itself gets it too.
    if (fields.every(field => !field.fallback && field.payload === field.input)) {
      names.input = payload
      return names
    }
    const about = `{@link ${payload}} as it is published: fields with a default may be left out.`
    this.#declare(
      about,
      names.input,
      fields.map(field => {
        if (!field.fallback)
          return `${comment(sentences(field.doc, field.unit), '  ')}  readonly ${field.name}: ${field.input}`
        const doc = sentences(field.doc, field.unit, `Default ${JSON.stringify(field.fallback.json)}.`)
        const absent = inherited.has(field.name) ? `undefined | typeof Object.prototype.${field.name}` : 'undefined'
        return `${comment(doc, '  ')}  readonly ${field.name}?: ${field.input} | ${absent}`
      })
    )
    return names
  }

  #declare(doc: string | undefined, name: string, fields: readonly string[]): void {
    this.declarations.push(`${comment(doc)}export interface ${name} {\n${fields.join('\n')}\n}`)
  }
}

const inputTypes = { instant: ['bigint', 'Date'], local: ['bigint', 'string'], day: ['number', 'string', 'Date'] }

/** The types that are taken for a number or a time; `otherwise` for any other node. */
function inputsOf(node: SchemaNode | undefined, otherwise = ''): string[] {
  const unit = node && timeUnitOf(node)
  if (unit?.text) return inputTypes[unit.text]
  if (node?.kind === 'long') return unit ? ['bigint'] : ['bigint', 'number']
  return node?.kind === 'int' ? ['number'] : [otherwise]
}

/** The units and digits of a field's values, a sentence each; those of the fields of a record are there. */
function unitsWithin(node: SchemaNode): string[] {
  switch (node.kind) {
    case 'array':
      return unitsWithin(node.items)
    case 'map':
      return unitsWithin(node.values)
    case 'union':
      return [...new Set(node.branches.flatMap(unitsWithin))]
  }
  const unit = timeUnitOf(node)
  if (unit) return [`${capital(unit.words)}.`]
  return 'logical' in node && node.logical?.name === 'decimal' ? [`A decimal ${digitsInWords(node.logical)}.`] : []
}

const sentences = (...parts: readonly (string | undefined)[]): string => parts.filter(Boolean).join(' ')
const same = (type: string): TypeNames => ({ payload: type, input: type })
const both = (type: TypeNames, change: (type: string) => string): TypeNames => ({
  payload: change(type.payload),
  input: change(type.input)
})
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
/** A comment of one line, whatever the text holds. */
function comment(text: string | undefined, indent = ''): string {
  if (!text) return ''
  const line = text
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map(part => part.trim())
    .join(' ')
    .trim()
    // A comment that begins like this speaks to the compiler.
    .replace(/^@ts-/, '\\@ts-')
    .replaceAll('*/', '* /')
  return `${indent}/** ${printable(line)} */\n`
}
