import { isObject } from '../../core/index.ts'
import { type AvroRecord, branchName, isAmbiguous, parseSchema, type SchemaNode, shapeOf } from '../avro/index.ts'
import { namespaceOf } from '../envelope.ts'
import { type Step, stepsOf } from './field-path.ts'

/** What `fields.json` says of the fields of an event: paths such as `customer_id`, `address.city` or `items[].sku`. */
export interface EventFields {
  /** Fields that name the person whom the event is about; `$aggregate` where the aggregate does. */
  readonly subject: readonly string[]
  /** Fields that may be shown to all who may see that the event exists. */
  readonly public: readonly string[]
}

/** What one field of an event means. */
export interface FieldMeaning {
  readonly eventName: string
  /** Path of the field in the payload, or `$aggregate` for the aggregate of the event. */
  readonly path: string
  readonly meaning: 'subject' | 'public'
}

/** In place of a path: the aggregate of an event. */
export const aggregatePath = '$aggregate'

const kinds = ['subject', 'public'] as const
const example = '{ "subject": ["customer_id"], "public": ["amount"] }'

/** What is wrong with the content of a `fields.json`, in words; empty when it holds {@link EventFields}. */
export function fieldFaults(content: unknown, eventName: string, versions: readonly AvroRecord[]): string[] {
  if (!isObject(content)) return [`must hold an object such as ${example}`]
  const faults: string[] = []
  for (const key of Object.keys(content))
    if (!kinds.some(kind => kind === key))
      faults.push(`has ${JSON.stringify(key.slice(0, 80))}, and knows "subject" and "public" alone: ${example}`)
  const nodes = versions.map(version => parseSchema(version, namespaceOf(eventName)))
  const seen = new Map<string, string>()
  for (const kind of kinds) {
    const paths = content[kind] ?? []
    if (!Array.isArray(paths) || !paths.every(path => typeof path === 'string')) {
      faults.push(`"${kind}" must be a list of fields: ${example}`)
      continue
    }
    for (const path of paths) {
      const before = seen.get(path)
      seen.set(path, kind)
      const fault =
        before === undefined
          ? path === aggregatePath
            ? undefined
            : pathFault(path, kind, nodes)
          : before === kind
            ? 'is named twice'
            : 'cannot name a person and be public'
      if (fault) faults.push(`${JSON.stringify(path.slice(0, 200))} ${fault}`)
    }
  }
  return faults
}

/** The list of what a file says. */
export const meaningsOf = (eventName: string, fields: EventFields): readonly FieldMeaning[] =>
  kinds.flatMap(meaning => fields[meaning].map(path => ({ eventName, path, meaning })))

function pathFault(path: string, kind: 'subject' | 'public', versions: readonly SchemaNode[]): string | undefined {
  const steps = stepsOf(path)
  if (!steps) return 'is no path of a field: write customer_id, address.city or items[].sku'
  // A field with a default may come and go; rows of all versions are looked into.
  const found = versions.flatMap(version => nodesAt(version, steps))
  if (found.length === 0) return 'is no field of any version'
  if (kind === 'subject' && found.some(node => node.kind !== 'string'))
    return 'names a person and must be a string or a UUID'
  return found.some(node => ['record', 'array', 'map'].includes(node.kind))
    ? 'is no single value: name the fields in it, and those of a list by []'
    : undefined
}

/** The types of the values at a path, null left out; none where it leads nowhere. */
export function nodesAt(node: SchemaNode, steps: readonly Step[]): readonly SchemaNode[] {
  if (node.kind === 'union') {
    // Its values are { "<branch>": value }, null apart.
    if (isAmbiguous(node.branches.map(shapeOf))) {
      const [step, ...rest] = steps
      const branch = node.branches.find(each => step !== 'each' && branchName(each) === step?.name)
      return branch ? nodesAt(branch, rest) : []
    }
    return node.branches.filter(({ kind }) => kind !== 'null').flatMap(branch => nodesAt(branch, steps))
  }
  const [step, ...rest] = steps
  if (step === undefined) return [node]
  if (step === 'each') return node.kind === 'array' ? nodesAt(node.items, rest) : []
  if (node.kind === 'map') return nodesAt(node.values, rest)
  const field = node.kind === 'record' ? node.fields.find(({ name }) => name === step.name) : undefined
  return field ? nodesAt(field.type, rest) : []
}
