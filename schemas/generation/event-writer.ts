import {
  branchName,
  digitsInWords,
  type EnumNode,
  isAmbiguous,
  localName,
  type RecordNode,
  type SchemaNode,
  shapeOf,
  timeUnitOf,
  type UnionNode
} from '../avro/index.ts'
import { comment } from './source-text.ts'

/** What TypeScript sees in every object: without it a field of the name could not be left out. */
const inherited = new Set(Object.getOwnPropertyNames(Object.prototype).filter(name => !name.startsWith('__')))

/** Hands out each TypeScript name once. */
export class Names {
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
export class EventWriter {
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
