import { type Database, query } from '../../postgres/index.ts'
import { type Catalogue, type Envelope, parseExactJson, payloadFromJson, SchemaError } from '../../schemas/index.ts'

export interface EnvelopesQuery {
  readonly catalogue: Catalogue
  readonly eventNames: readonly string[]
  /** Continues after this id. Default: from the first one. */
  readonly after?: string
}

/** Events of the trail, in the order of their ids. */
export interface EnvelopePage {
  /** In the latest version that the catalogue has, as handlers get them. */
  readonly envelopes: readonly Envelope[]
  /** Rows whose payload does not fit that version. */
  readonly unreadable: number
  readonly lastId: string
  /** Part of the time between the first and the last event that is read, from 0 to 1. */
  readonly done: number
}

const rowsOfPage = 2_000

const page = `SELECT id, aggregate_id, (extract(epoch FROM occurred_at) * 1000000)::bigint::text AS micros, event_name,
    payload::text AS payload, schema_version
  FROM event_envelopes WHERE event_name = ANY($1::text[]) AND id > $2::uuid ORDER BY id LIMIT ${rowsOfPage}`

/**
 * Reads the events of some names from the trail, page by page, to where it ends at that moment. Ids of version 7 grow
 * with time: an event with an older id that is stored meanwhile is not among them.
 * @throws PostgresError
 */
export async function* readEnvelopes(
  database: Database,
  { catalogue, eventNames, after = '00000000-0000-0000-0000-000000000000' }: EnvelopesQuery
): AsyncGenerator<EnvelopePage> {
  const [last] = await query(
    database,
    'SELECT id FROM event_envelopes WHERE event_name = ANY($1::text[]) ORDER BY id DESC LIMIT 1',
    [eventNames]
  )
  if (last === undefined) return
  const end = timeOf(String(last.id))
  let start: number | undefined
  for (let lastId = after; ; ) {
    const rows = await query(database, page, [eventNames, lastId])
    const [first] = rows
    if (first === undefined) return
    start ??= timeOf(String(first.id))
    lastId = String(rows.at(-1)?.id)
    const envelopes: Envelope[] = []
    for (const row of rows) {
      const envelope = envelopeOf(catalogue, row)
      if (envelope !== undefined) envelopes.push(envelope)
    }
    const done = end > start ? Math.min(1, Math.max(0, (timeOf(lastId) - start) / (end - start))) : 1
    yield { envelopes, unreadable: rows.length - envelopes.length, lastId, done }
  }
}

/** ms since 1970 of an id of version 7; of others some number, which only shows progress. */
const timeOf = (id: string): number => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)

function envelopeOf(catalogue: Catalogue, row: Readonly<Record<string, unknown>>): Envelope | undefined {
  const eventName = String(row.event_name)
  try {
    return {
      id: String(row.id),
      aggregate_id: String(row.aggregate_id),
      occurred_at: BigInt(String(row.micros)),
      event_name: eventName,
      payload: payloadFromJson(catalogue.version(eventName), parseExactJson(String(row.payload))),
      schema_version: Number(row.schema_version)
    }
  } catch (error) {
    if (error instanceof SchemaError) return undefined
    throw error
  }
}
