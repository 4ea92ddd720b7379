import type { DataValue, Documents, TextWeight, WeightedText } from '../../consumers/indexer/index.ts'
import { isObject } from '../../core/index.ts'
import type { Catalogue, EventMap, EventVersion } from '../../schemas/index.ts'
import { each, keysOf, type RulePath, templates, within } from './rule-parts.ts'
import { compileField, type TemplateValues, type TextTemplate } from './text-template.ts'

const weights: readonly unknown[] = ['A', 'B', 'C', 'D'] satisfies readonly TextWeight[]

/** The documents that a file describes. @throws RuleFault that names the event and the key */
export const documentsOf = (rules: unknown, catalogue: Catalogue): Documents<EventMap> =>
  each(rules, 'documents', catalogue, (rule, version) => {
    if (isObject(rule) && rule.deleted !== undefined) return deletionOf(rule, version)
    const { id, title, text, data } = keysOf(rule, ['id', 'text'], ['title', 'data'])
    const template = templates(version)
    const idOf = template('id', id)
    const titleOf = title === undefined ? undefined : template('title', title)
    const textOf = textsOf(text, version)
    const dataOf = data === undefined ? undefined : within(['data'], 'data', () => fieldsOf(data, version))
    return envelope => {
      const values = { envelope }
      return {
        id: idOf(values),
        ...(titleOf && { title: titleOf(values) }),
        text: textOf(values),
        ...(dataOf && { data: dataOf(values) })
      }
    }
  })

/** `{ id, deleted: true }`: the end of a document. */
function deletionOf(rule: unknown, version: EventVersion) {
  const { id, deleted } = keysOf(rule, ['id', 'deleted'])
  const idOf = templates(version)('id', id)
  if (deleted !== true) throw new Error('deleted: expected true, or no such key')
  return (envelope: object) => ({ id: idOf({ envelope }), deleted: true as const })
}

/** One text, or several with weights. */
function textsOf(given: unknown, version: EventVersion): (values: TemplateValues) => string | WeightedText[] {
  if (!Array.isArray(given)) return templates(version)('text', given)
  const parts = given.map((part: unknown, at) => {
    const path: RulePath = ['text', at]
    const name = `text[${at}]`
    if (typeof part === 'string') return { of: templates(version)(name, part, path) }
    return within(path, name, () => {
      const { text, weight } = keysOf(part, ['text'], ['weight'])
      const of: TextTemplate = templates(version)('text', text)
      if (weight !== undefined && !weights.includes(weight))
        throw new Error(`weight: expected one of ${weights.join(', ')}`)
      return { of, ...(weight !== undefined && { weight: weight as TextWeight }) }
    })
  })
  return values => parts.map(({ of, ...more }) => ({ text: of(values), ...more }))
}

/** Each a text with placeholders, or `{ "field": "payload.quantity" }` for its value as it is. */
function fieldsOf(given: unknown, version: EventVersion): (values: TemplateValues) => Record<string, DataValue> {
  if (!isObject(given)) throw new Error('expected an object of texts')
  const fields = Object.entries(given).map(([name, value]) => {
    const read = isObject(value)
      ? within([name], name, () => {
          const { field } = keysOf(value, ['field'])
          if (typeof field !== 'string')
            throw new Error('field: expected the name of a field, such as payload.quantity')
          return compileField(field, version)
        })
      : templates(version)(name, value)
    return [name, read] as const
  })
  return values => Object.fromEntries(fields.map(([name, read]) => [name, read(values)]))
}
