import { type Step, stepsOf } from '../../schemas/index.ts'
import { type Condition, textOf } from './condition.ts'
import { jsonOf, type Scalar, scalarsOf } from './scalars.ts'

/** Keeps a value for the statement, and returns its place in it: `$3`. */
export type Bind = (value: unknown) => string

const payload = 'e.payload'

/** A condition on the payload of the row `e`, as SQL that is true or false and never null. */
export function conditionSql({ field, is, value = '' }: Condition, bind: Bind): string {
  const steps = stepsOf(field) ?? []
  const scalars = scalarsOf(value) ?? []
  const [scalar] = scalars
  const exists = () => at(payload, steps, bind, leaf => `coalesce(jsonb_typeof(${leaf}) <> 'null', false)`)
  const ordered = (sign: string) =>
    scalar ? at(payload, steps, bind, leaf => order(leaf, sign, scalar, bind)) : 'false'
  switch (is) {
    case '=':
      return holdsOneOf(steps, scalars, bind)
    case '≠':
      return `(${exists()} AND NOT ${holdsOneOf(steps, scalars, bind)})`
    case '<':
      return ordered('<')
    case '≤':
      return ordered('<=')
    case '>':
      return ordered('>')
    case '≥':
      return ordered('>=')
    case 'contains':
      return at(payload, steps, bind, leaf => ifText(leaf, text => `strpos(${text}, ${bind(textOf(value))}::text) > 0`))
    case 'exists':
      return exists()
  }
}

/** One of the values at a path, by containment: what a GIN index of the payload answers. */
export const holdsOneOf = (steps: readonly Step[], scalars: readonly Scalar[], bind: Bind): string =>
  `(${scalars.map(scalar => `${payload} @> ${bind(jsonAt(steps, scalar))}::jsonb`).join(' OR ')})`

/** `{"items":[{"sku":"x"}]}` */
function jsonAt(steps: readonly Step[], scalar: Scalar): string {
  return steps.reduceRight(
    (json, step) => (step === 'each' ? `[${json}]` : `{${JSON.stringify(step.name)}:${json}}`),
    jsonOf(scalar)
  )
}

function order(leaf: string, sign: string, scalar: Scalar, bind: Bind): string {
  if (scalar.kind === 'number')
    // CASE, for a cast of what is no number would end the statement.
    return `CASE jsonb_typeof(${leaf}) WHEN 'number' THEN (${leaf})::numeric ${sign} ${bind(scalar.text)}::numeric ELSE false END`
  return scalar.kind === 'text' ? ifText(leaf, text => `${text} ${sign} ${bind(scalar.text)}::text`) : 'false'
}

/** Texts are compared by their bytes, that is, by code points, whatever the collation of the database is. */
const ifText = (leaf: string, holds: (text: string) => string): string =>
  `CASE jsonb_typeof(${leaf}) WHEN 'string' THEN ${holds(`((${leaf}) #>> '{}') COLLATE "C"`)} ELSE false END`

/** Whether a path leads from a value to one for which `holds`. */
function at(value: string, steps: readonly Step[], bind: Bind, holds: (leaf: string) => string, depth = 1): string {
  const [step, ...rest] = steps
  if (step === undefined) return holds(value)
  if (step !== 'each') return at(`(${value} -> ${bind(step.name)}::text)`, rest, bind, holds, depth)
  const each = `each${depth}`
  const list = `CASE jsonb_typeof(${value}) WHEN 'array' THEN ${value} ELSE '[]'::jsonb END`
  return `EXISTS (SELECT FROM jsonb_array_elements(${list}) AS ${each}(item) WHERE ${at(`${each}.item`, rest, bind, holds, depth + 1)})`
}
