import type { Queries } from '../../postgres/index.ts'
import {
  type AvroRecord,
  type EventVersion,
  namespaceOf,
  parseSchema,
  payloadFromJson,
  SchemaError,
  type SchemaNode,
  writtenVersion
} from '../../schemas/index.ts'

/** The payload of an event as a schema of the trail has it. */
export interface WrittenPayload {
  readonly version: EventVersion
  readonly node: SchemaNode
  /** Units of fields, by name. */
  readonly units: ReadonlyMap<string, string>
}

/** The attribute of a field with the unit of its values, which Avro passes over. */
const unitAttribute = 'eventtrail.unit'

/** The schemas that rows were written with, as the trail keeps them. */
export class WrittenSchemas {
  readonly #queries: Queries
  readonly #known = new Map<string, readonly WrittenPayload[]>()

  constructor(queries: Queries) {
    this.#queries = queries
  }

  /** All of an event, or those of one number; the newest first. @throws a database error */
  async of(eventName: string, number?: number): Promise<readonly WrittenPayload[]> {
    const key = `${eventName} ${number}`
    const known = this.#known.get(key)
    if (known) return known
    const { rows } = await this.#queries.query<{ schema: AvroRecord; version: number }>(
      `SELECT s.schema, s.version FROM sink_schemas s JOIN sink_topics t ON t.topic = left(s.subject, -length('-value'))
       WHERE t.event_name = $1 AND ($2::int IS NULL OR s.version = $2) ORDER BY s.recorded_at DESC, s.id DESC`,
      [eventName, number ?? null]
    )
    const found = rows.flatMap(row => written(row.schema, row.version) ?? [])
    this.#known.set(key, found)
    return found
  }

  /** The schema of one payload; undefined where the trail has none, or has several of one number and none of them fits. */
  async ofPayload(eventName: string, number: number, payload: unknown): Promise<WrittenPayload | undefined> {
    const found = await this.of(eventName, number)
    return found.length < 2 ? found[0] : found.find(({ version }) => isOf(version, payload))
  }
}

function written(schema: AvroRecord, number: number): WrittenPayload | undefined {
  try {
    const version = writtenVersion(schema, number)
    const { payload, eventName } = version
    const units = payload.fields.flatMap(field => {
      const unit = (field as Readonly<Record<string, unknown>>)[unitAttribute]
      return typeof unit === 'string' ? [[field.name, unit] as const] : []
    })
    return { version, node: parseSchema(payload, namespaceOf(eventName)), units: new Map(units) }
  } catch (error) {
    if (error instanceof SchemaError) return undefined
    throw error
  }
}

function isOf(version: EventVersion, payload: unknown): boolean {
  try {
    payloadFromJson(version, payload)
    return true
  } catch (error) {
    if (error instanceof SchemaError) return false
    throw error
  }
}
