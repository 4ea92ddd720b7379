import type { Queries } from '../../../postgres/index.ts'
import {
  type AvroRecord,
  type EventVersion,
  encodeEnvelope,
  parseExactJson,
  payloadFromJson,
  SchemaError,
  whoNames,
  writtenVersion
} from '../../../schemas/index.ts'

/** What Kafka had of an event, besides its key. */
export interface StoredRecord {
  readonly value: Buffer
  readonly headers: readonly (readonly [name: string, value: string])[]
}

interface Kept {
  readonly id: number
  /** Undefined where nothing can be encoded with it. */
  readonly version: EventVersion | undefined
}

/**
 * Makes the values of Kafka records again out of rows of the trail, with the schemas that they were written with. The
 * trail keeps what the values said and not their bytes: the entries of maps come in another order, and -0 is 0.
 */
export class StoredValues {
  readonly #pool: Queries
  readonly #topicPrefix: string
  readonly #kept = new Map<string, readonly Kept[]>()

  constructor(pool: Queries, topicPrefix: string) {
    this.#pool = pool
    this.#topicPrefix = topicPrefix
  }

  /** By event id, undefined where the trail has no schema for one. What is no longer there is left out. */
  async of(ids: readonly string[]): Promise<ReadonlyMap<string, StoredRecord | undefined>> {
    const { rows } = await this.#pool.query<Record<string, unknown>>(
      `SELECT id, aggregate_id, (extract(epoch FROM occurred_at) * 1000000)::bigint::text AS micros, event_name,
         payload::text AS payload, schema_version, ${whoNames.join(', ')}
       FROM event_envelopes WHERE id = ANY($1::uuid[])`,
      [ids]
    )
    const records = new Map<string, StoredRecord | undefined>()
    for (const row of rows) {
      const value = await this.#encode(row)
      records.set(String(row.id), value && { value, headers: headersOf(row) })
    }
    return records
  }

  async #encode(row: Readonly<Record<string, unknown>>): Promise<Buffer | undefined> {
    const number = Number(row.schema_version)
    // A subject that was removed and registered again has had several schemas of one number.
    for (const { id, version } of await this.#schemas(String(row.event_name), number)) {
      if (version === undefined) continue
      try {
        const envelope = {
          id: String(row.id),
          aggregate_id: String(row.aggregate_id),
          occurred_at: BigInt(String(row.micros)),
          payload: payloadFromJson(version, parseExactJson(String(row.payload)))
        }
        return encodeEnvelope(version, id, envelope, number)
      } catch (error) {
        if (!(error instanceof SchemaError)) throw error
      }
    }
    return undefined
  }

  /** Those of a version, the newest first. */
  async #schemas(eventName: string, number: number): Promise<readonly Kept[]> {
    const key = `${eventName} ${number}`
    const known = this.#kept.get(key)
    if (known) return known
    const { rows } = await this.#pool.query<{ id: number; schema: AvroRecord }>(
      'SELECT id, schema FROM sink_schemas WHERE subject = $1 AND version = $2 ORDER BY recorded_at DESC, id DESC',
      [`${this.#topicPrefix}${eventName}-value`, number]
    )
    const kept = rows.map(({ id, schema }) => ({ id, version: versionOf(schema, number) }))
    this.#kept.set(key, kept)
    return kept
  }
}

/** Those of its publisher that the trail keeps. */
const headersOf = (row: Readonly<Record<string, unknown>>): StoredRecord['headers'] =>
  whoNames.flatMap(name => (row[name] === null ? [] : [[name, String(row[name])]]))

function versionOf(schema: AvroRecord, number: number): EventVersion | undefined {
  try {
    return writtenVersion(schema, number)
  } catch (error) {
    if (error instanceof SchemaError) return undefined
    throw error
  }
}
