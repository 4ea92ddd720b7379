import { defaultFromJson } from '../defaults.ts'
import { maxDepth, mayNestTooDeep } from '../limits.ts'
import type { FieldNode, RecordNode, SchemaNode } from '../model.ts'
import { type Changes, type Complete, completeText, type LeafNode, leafCompleter } from './leaves.ts'
import { gather, type Refusal, refuse } from './refusal.ts'
import { isFields, jsonUnion, valueUnion } from './unions.ts'

export type { Complete } from './leaves.ts'

/**
 * Makes the function that checks and completes values of a schema; it is slow to make and fast to call.
 * @param form `json`: values as the trail has them in JSON (see `payloadFromJson`). Default: values of JavaScript.
 */
export function compileCompleter(node: SchemaNode, form: 'value' | 'json' = 'value'): Complete {
  return new Compiler(form, mayNestTooDeep(node)).complete(node)
}

class Compiler {
  readonly #known = new Map<SchemaNode, Complete>()
  readonly #changes: Changes | undefined
  readonly #countsDepth: boolean
  #depth = 0

  constructor(form: 'value' | 'json', countsDepth: boolean) {
    this.#changes = form === 'json' ? { count: 0 } : undefined
    this.#countsDepth = countsDepth
  }

  complete(node: SchemaNode): Complete {
    const made = this.#known.get(node)
    if (made) return made
    // Records may hold themselves: the name is known before the work is.
    let complete: Complete = () => undefined
    this.#known.set(node, value => complete(value))
    complete = this.#make(node)
    this.#known.set(node, complete)
    return complete
  }

  #make(node: SchemaNode): Complete {
    switch (node.kind) {
      case 'array':
        return this.#level(arrayCompleter(this.complete(node.items)))
      case 'map':
        return this.#level(mapCompleter(this.complete(node.values)))
      case 'record':
        return this.#level(this.#record(node))
      case 'union': {
        const completers = node.branches.map(branch => this.complete(branch))
        return this.#changes ? jsonUnion(node, completers, this.#changes) : valueUnion(node, completers)
      }
      default:
        return leafCompleter(node satisfies LeafNode, this.#changes)
    }
  }

  /** Counts the levels where values may have any number of them. */
  #level(complete: Complete): Complete {
    if (!this.#countsDepth) return complete
    return value => {
      if (this.#depth >= maxDepth) return refuse(`must not nest deeper than ${maxDepth} levels`)
      this.#depth += 1
      try {
        return complete(value)
      } finally {
        this.#depth -= 1
      }
    }
  }

  #record(node: RecordNode): Complete {
    const changes = this.#changes
    const fields = node.fields.map(({ name, type, fallback }) => {
      const complete = this.complete(type)
      // A default is written as Avro writes it, whatever form the other values have. Made again each time: a default
      // array or record must not be shared.
      const completeDefault = changes && fallback ? compileCompleter(type) : complete
      const initial = fallback && (() => completeDefault(defaultFromJson(type, fallback.json)))
      return { name, step: `.${name}`, complete, initial }
    })
    const names = new Set(fields.map(field => field.name))
    const empty = emptyRecord(node.fields)
    return value => {
      if (!isFields(value)) return refuse('must be an object')
      let wrong: Refusal | undefined
      for (const key of Object.keys(value)) if (!names.has(key)) wrong = unknownField(wrong, key)
      const record = { ...empty }
      for (const { name, step, complete, initial } of fields) {
        try {
          const given = Object.hasOwn(value, name) ? value[name] : undefined
          if (given !== undefined) record[name] = complete(given)
          else {
            record[name] = initial ? initial() : refuse('is missing')
            if (changes) changes.count += 1
          }
        } catch (thrown) {
          wrong = gather(wrong, thrown, step)
        }
      }
      if (wrong) throw wrong
      return record
    }
  }
}

/** What records are copied from: the copies share its form, keep its order, and own a field that is named `__proto__`. */
export function emptyRecord(fields: readonly FieldNode[]): Record<string, unknown> {
  const empty: Record<string, unknown> = {}
  for (const { name } of fields)
    Object.defineProperty(empty, name, { value: undefined, enumerable: true, writable: true, configurable: true })
  return empty
}

function unknownField(wrong: Refusal | undefined, key: string): Refusal {
  if (wrong?.isFull) return wrong
  try {
    return refuse('is no field of the schema')
  } catch (thrown) {
    return gather(wrong, thrown, `.${key.slice(0, 80)}`)
  }
}

function arrayCompleter(complete: Complete): Complete {
  return value => {
    if (!Array.isArray(value)) return refuse('must be an array')
    const items = new Array<unknown>(value.length)
    let wrong: Refusal | undefined
    for (let index = 0; index < value.length && !wrong?.isFull; index += 1) {
      try {
        items[index] = complete(value[index])
      } catch (thrown) {
        wrong = gather(wrong, thrown, `[${index}]`)
      }
    }
    if (wrong) throw wrong
    return items
  }
}

function mapCompleter(complete: Complete): Complete {
  return value => {
    if (!isFields(value)) return refuse('must be an object')
    const entries: [string, unknown][] = []
    let wrong: Refusal | undefined
    for (const [key, each] of Object.entries(value)) {
      if (wrong?.isFull) break
      try {
        entries.push([completeText(key), complete(each)])
      } catch (thrown) {
        // A key is data: the path does not show it.
        wrong = gather(wrong, thrown, '{}')
      }
    }
    if (wrong) throw wrong
    return Object.fromEntries(entries)
  }
}
