import { aggregatePath, type FieldMeaning, stepsOf } from '../../schemas/index.ts'
import type { Bind } from './payload-sql.ts'
import type { QuestionStatement } from './question-sql.ts'

const json = (column: string): string => `coalesce(to_json(q.${column})::text, 'null')`
const digits = (column: string): string => `coalesce(q.${column}::text, 'null')`

/** The columns of a row as JSON, in the order of the trail; the payload is the text that Postgres has. */
const line = [
  `'{"id":"' || q.id || '","aggregate_id":"' || q.aggregate_id || '","occurred_at":"' || q.occurred_at`,
  `'","event_name":' || ${json('event_name')}`,
  `',"payload":' || q.payload || ',"schema_version":' || q.schema_version`,
  `',"source":' || ${json('source')} || ',"actor":' || ${json('actor')} || ',"traceparent":' || ${json('traceparent')}`,
  `',"kafka_partition":' || ${digits('kafka_partition')} || ',"kafka_offset":' || ${digits('kafka_offset')}`,
  `',"recorded_at":"' || q.recorded_at || E'"}\\n'`
].join(' || ')

/**
 * Turns the statement of a question into one whose rows are a line of JSON, the id, and the values of the fields that
 * name a person as a list in JSON, null where the event has no meanings.
 */
export function lineSql({ text, values }: QuestionStatement, meanings: readonly FieldMeaning[]): QuestionStatement {
  const all = [...values]
  const bind: Bind = value => `$${all.push(value)}`
  return { text: `SELECT ${line}, q.id::text, (${personsSql(meanings, bind)})::text FROM (${text}) q`, values: all }
}

function personsSql(meanings: readonly FieldMeaning[], bind: Bind): string {
  if (meanings.length === 0) return 'NULL'
  const known = [...new Set(meanings.map(({ eventName }) => eventName))]
  const subjects = Map.groupBy(
    meanings.filter(({ meaning }) => meaning === 'subject'),
    ({ path }) => path
  )
  const lists = [...subjects].map(([path, found]) => {
    const names = bind(found.map(({ eventName }) => eventName))
    return `CASE WHEN q.event_name = ANY(${names}::text[]) THEN ${valuesSql(path, bind)} ELSE '[]' END`
  })
  return `CASE WHEN q.event_name = ANY(${bind(known)}::text[]) THEN ${["'[]'::jsonb", ...lists].join(' || ')} END`
}

function valuesSql(path: string, bind: Bind): string {
  if (path === aggregatePath) return 'jsonb_build_array(q.aggregate_id)'
  const steps = (stepsOf(path) ?? []).map(step => (step === 'each' ? '[*]' : `.${JSON.stringify(step.name)}`))
  return `jsonb_path_query_array(q.payload::jsonb, ${bind(`strict $${steps.join('')}`)}::jsonpath, '{}', true)`
}
