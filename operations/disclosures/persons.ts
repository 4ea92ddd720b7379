import { isDenied, sqlStateOf } from '../../core/index.ts'
import type { Queries } from '../../postgres/index.ts'
import { aggregatePath, type FieldMeaning, type Step, stepsOf, uuidOf } from '../../schemas/index.ts'
import { readFieldMeanings } from '../../trail/index.ts'

/** Paths of the fields of an event that name a person, by the name of the event. */
export type PersonFields = ReadonlyMap<string, readonly string[]>

/** What is known of an event of the trail. */
export interface PersonalEvent {
  readonly eventName: string
  readonly aggregateId: string
  /** As JSON. */
  readonly payload: string
}

/** The fields that `schemas register` has stored; none where they may not be read. */
const readPersonFields = async (database: Queries): Promise<PersonFields> =>
  personFieldsOf(await readFieldMeanings(database).catch(orNone))

/** The fields that name a person, of all that is known of fields. */
export function personFieldsOf(meanings: readonly FieldMeaning[]): PersonFields {
  const known = Map.groupBy(
    meanings.filter(({ meaning }) => meaning === 'subject' || meaning === 'public'),
    ({ eventName }) => eventName
  )
  return new Map(
    [...known].map(([name, fields]) => [
      name,
      // Whose fields are all public names no one: that is known, too.
      fields.filter(({ meaning }) => meaning === 'subject').map(({ path }) => path)
    ])
  )
}

const undefinedTable = '42P01'

/** An id as it is recorded and asked for: UUIDs in lower case. */
export const personId = (id: string): string => uuidOf(id) ?? id

/** @returns each person once; undefined where it is not known which fields of the event name one */
export function personsOf(fields: PersonFields, event: PersonalEvent): readonly string[] | undefined {
  const paths = fields.get(event.eventName)
  if (paths === undefined) return undefined
  let payload: unknown
  const found = paths.flatMap(path => {
    if (path === aggregatePath) return [event.aggregateId]
    payload ??= JSON.parse(event.payload)
    return textsAt(payload, stepsOf(path) ?? [])
  })
  return found.length < 2 ? found : [...new Set(found)]
}

/** The same, of values that were looked up at the paths. */
export const personsIn = (values: readonly unknown[]): readonly string[] => [
  ...new Set(values.flatMap(value => (typeof value === 'string' ? [personId(value)] : [])))
]

function textsAt(value: unknown, [step, ...rest]: readonly Step[]): string[] {
  if (step === undefined) return typeof value === 'string' ? [personId(value)] : []
  if (step === 'each') return Array.isArray(value) ? value.flatMap(each => textsAt(each, rest)) : []
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step.name)) return []
  return textsAt((value as Readonly<Record<string, unknown>>)[step.name], rest)
}

/**
 * The persons of events that are in the trail, by the ids of the events; without those of which they are not known: they
 * are not in the trail, have no meanings, or the trail may not be read.
 */
export async function personsOfStored(
  database: Queries,
  ids: readonly string[]
): Promise<ReadonlyMap<string, readonly string[]>> {
  const fields = await readPersonFields(database)
  const uuids = ids.filter(id => uuidOf(id) !== undefined)
  if (fields.size === 0 || uuids.length === 0) return new Map()
  const rows = await database
    .query<{ id: string; event_name: string; aggregate_id: string; payload: string }>(
      'SELECT id, event_name, aggregate_id, payload::text AS payload FROM event_envelopes WHERE id = ANY($1::uuid[])',
      [uuids]
    )
    .then(answer => answer.rows)
    .catch(orNone)
  return new Map(
    rows.flatMap(({ id, event_name: eventName, aggregate_id: aggregateId, payload }) => {
      const persons = personsOf(fields, { eventName, aggregateId, payload })
      return persons === undefined ? [] : [[id, persons] as const]
    })
  )
}

/** A role that may not look at the trail, and a database without one, do not know persons. */
function orNone(error: unknown): never[] {
  if (!isDenied(error) && sqlStateOf(error) !== undefinedTable) throw error
  return []
}
