import fc from 'fast-check'
import { isAmbiguous, shapeOf } from '../../../schemas/avro/model.ts'
import { parseSchema } from '../../../schemas/avro/parse.ts'
import type { AvroRecord } from '../../../schemas/avro/schema.ts'
import { attributes, bytes, docs, keys, names, simple, symbols, type Typed } from './schema-leaves.ts'

export interface ShapeOptions {
  /** Attributes that Avro does not know, aliases and orders, on everything. Default false. */
  readonly attributes?: boolean
}

/** The event that the values are of: branches of unions are called by it. */
const namespace = 'eventtrail.thing.done'

/** Hands out names that no other type of the schema has. */
class Namer {
  #count = 0

  take(wanted: string): string {
    this.#count += 1
    return `${wanted}_${this.#count}`
  }
}

type Make = (namer: Namer) => Typed

const plain: fc.Arbitrary<Make> = fc.oneof(
  {
    weight: 4,
    arbitrary: simple.map(
      (typed): Make =>
        () =>
          typed
    )
  },
  {
    weight: 1,
    arbitrary: fc.tuple(names, fc.uniqueArray(symbols, { minLength: 1, maxLength: 4 }), docs).map(
      ([name, values, doc]): Make =>
        namer => ({
          schema: { type: 'enum', name: namer.take(name), doc, symbols: values, default: values[0] as string },
          value: fc.constantFrom(...values),
          initial: fc.constantFrom(...values)
        })
    )
  },
  {
    weight: 1,
    arbitrary: fc.tuple(names, fc.integer({ min: 1, max: 6 })).map(
      ([name, size]): Make =>
        namer => ({
          schema: { type: 'fixed', name: namer.take(name), size },
          value: bytes(size),
          initial: bytes(size).map(each => each.toString('latin1'))
        })
    )
  }
)

interface FieldPlan {
  readonly name: string
  readonly make: Make
  readonly doc: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly order: string | undefined
  readonly hasDefault: boolean
  readonly seed: number
}

function recordOf(
  namer: Namer,
  name: string,
  doc: string,
  plans: readonly FieldPlan[],
  attributed: Readonly<Record<string, unknown>>
): Typed & { readonly schema: AvroRecord } {
  const own = namer.take(name)
  const fields = plans.map(plan => ({ plan, typed: plan.make(namer) }))
  return {
    schema: {
      ...attributed,
      type: 'record',
      name: own,
      doc,
      fields: fields.map(({ plan, typed }) => ({
        ...plan.attributes,
        name: plan.name,
        type: typed.schema,
        doc: plan.doc,
        ...(plan.order !== undefined && { order: plan.order, aliases: [`old_${plan.name}`] }),
        ...(plan.hasDefault &&
          typed.initial && { default: fc.sample(typed.initial, { numRuns: 1, seed: plan.seed })[0] })
      }))
    },
    value: fc
      .tuple(...fields.map(({ typed }) => typed.value))
      .map(values => Object.fromEntries(fields.map(({ plan }, index) => [plan.name, values[index]])))
  }
}

function unionOf(namer: Namer, makes: readonly Make[]): Typed {
  const branches: Typed[] = []
  const seen = new Set<unknown>()
  for (const make of makes) {
    const typed = make(namer)
    const { schema } = typed
    if (Array.isArray(schema)) continue
    const kind = typeof schema === 'string' ? schema : ((schema.name as string | undefined) ?? schema.type)
    if (seen.has(kind)) continue
    seen.add(kind)
    branches.push(typed)
  }
  if (branches.length === 0) branches.push({ schema: 'null', value: fc.constant(null), initial: fc.constant(null) })
  const nodes = branches.map(({ schema }) => parseSchema(schema, namespace))
  const wrapped = isAmbiguous(nodes.map(shapeOf))
  const values = branches.map(({ value }, index) => {
    const node = nodes[index]
    if (!wrapped || !node || node.kind === 'null') return value
    const name = 'name' in node ? node.name : node.kind
    return value.map(each => ({ [name]: each }))
  })
  const first = branches[0] as Typed
  return {
    schema: branches.map(({ schema }) => schema),
    value: fc.oneof(...values),
    ...(first.initial && { initial: first.initial })
  }
}

function shapes({ attributes: attributed = false }: ShapeOptions) {
  const extra = attributed ? attributes : fc.constant({})
  const order = attributed
    ? fc.option(fc.constantFrom('ascending', 'ignore'), { nil: undefined })
    : fc.constant(undefined)
  return fc.letrec<{ type: Make; record: Make }>(tie => ({
    type: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      { weight: 5, arbitrary: plain },
      { weight: 1, arbitrary: tie('record') },
      {
        weight: 1,
        arbitrary: fc.tuple(tie('type'), extra).map(
          ([make, more]): Make =>
            namer => {
              const items = make(namer)
              return {
                schema: { ...more, type: 'array', items: items.schema },
                value: fc.array(items.value, { maxLength: 4 }),
                initial: fc.constant([])
              }
            }
        )
      },
      {
        weight: 1,
        arbitrary: tie('type').map(
          (make): Make =>
            namer => {
              const values = make(namer)
              return {
                schema: { type: 'map', values: values.schema },
                value: fc.dictionary(keys, values.value, { maxKeys: 4, noNullPrototype: true }),
                initial: fc.constant({})
              }
            }
        )
      },
      {
        weight: 2,
        arbitrary: fc.array(tie('type'), { minLength: 1, maxLength: 5 }).map(
          (makes): Make =>
            namer =>
              unionOf(namer, makes)
        )
      }
    ),
    record: fc
      .tuple(names, docs, fc.uniqueArray(fieldsOf(tie('type')), { maxLength: 6, selector: plan => plan.name }), extra)
      .map(
        ([name, doc, plans, more]): Make =>
          namer =>
            recordOf(namer, name, doc, plans, more)
      )
  }))

  function fieldsOf(type: fc.Arbitrary<Make>): fc.Arbitrary<FieldPlan> {
    return fc.record({
      name: names,
      make: type,
      doc: docs,
      attributes: extra,
      order,
      hasDefault: fc.boolean(),
      seed: fc.integer()
    })
  }
}

/** Records as a version file of `thing.done` may hold them, each with the values of its payload. */
export function payloads(
  options: ShapeOptions = {}
): fc.Arbitrary<{ schema: AvroRecord; value: fc.Arbitrary<unknown> }> {
  return shapes(options).record.map(make => {
    const { schema, value } = make(new Namer())
    return { schema: schema as AvroRecord, value }
  })
}
