import { createHash } from 'node:crypto'
import type { Pool } from '../../postgres/index.ts'
import type { AvroSchema } from '../../schemas/index.ts'
import { TrailError } from '../errors.ts'

/** A schema as the trail has it. */
export interface KeptSchema {
  readonly schema: AvroSchema
  /** Every version that it had in its subject, ascending. */
  readonly versions: readonly number[]
}

/** The trail's own copy of the schemas that it was written with, by subject and id. */
export class KeptSchemas {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  async of(subject: string, id: number): Promise<KeptSchema | undefined> {
    const { rows } = await this.#pool.query<{ version: number; schema: AvroSchema }>(
      'SELECT version, schema FROM sink_schemas WHERE subject = $1 AND id = $2 ORDER BY version',
      [subject, id]
    )
    return rows[0] && { schema: rows[0].schema, versions: rows.map(({ version }) => version) }
  }

  /**
   * Keeps a schema under each of the versions that the registry names now.
   * @returns all versions that it has or had
   * @throws TrailError `SCHEMA_CHANGED` when the trail has another schema under this id
   */
  async keep(
    subject: string,
    eventName: string,
    id: number,
    versions: readonly number[],
    schema: AvroSchema
  ): Promise<readonly number[]> {
    const fingerprint = fingerprintOf(schema)
    await this.compare(subject, id, schema)
    await this.#pool.query(
      `INSERT INTO sink_schemas (subject, version, id, fingerprint, schema, event_name)
       SELECT $1, version, $3, $4, $5, $6 FROM unnest($2::int[]) AS version ON CONFLICT DO NOTHING`,
      [subject, versions, id, fingerprint, JSON.stringify(schema), eventName]
    )
    // Another sink may have kept another one meanwhile.
    return this.compare(subject, id, schema)
  }

  /**
   * Holds a schema against the one that the trail has under this id, before anything is made of it.
   * @returns the versions under which the trail has it
   * @throws TrailError `SCHEMA_CHANGED`
   */
  async compare(subject: string, id: number, schema: AvroSchema): Promise<readonly number[]> {
    const { rows } = await this.#pool.query<{ fingerprint: string; version: number }>(
      'SELECT fingerprint, version FROM sink_schemas WHERE subject = $1 AND id = $2 ORDER BY version',
      [subject, id]
    )
    const fingerprint = fingerprintOf(schema)
    if (rows.some(row => row.fingerprint !== fingerprint)) {
      throw new TrailError(
        'SCHEMA_CHANGED',
        `The registry gives schema ${id} of ${subject}, and the trail has another one under this number: the registry has lost its memory or is another one. Nothing of this topic is decoded with it until the registry is restored`
      )
    }
    return rows.map(({ version }) => version)
  }
}

/** Of a reader without the database: nothing is kept. */
const noKeptSchemas: Pick<KeptSchemas, 'of' | 'keep' | 'compare'> = {
  of: async () => undefined,
  keep: async (_subject, _eventName, _id, versions) => versions,
  compare: async () => []
}

function fingerprintOf(schema: AvroSchema): string {
  let text: string
  try {
    text = JSON.stringify(sorted(schema))
  } catch (error) {
    // It nests deeper than the stack does. No schema that was ever kept does.
    if (!(error instanceof RangeError)) throw error
    return 'none'
  }
  return createHash('sha256').update(text).digest('hex')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)])
  )
}

/** The copy of the trail as it is: of a schema all versions that the registry or the trail has. */
class ReadSchemas extends KeptSchemas {
  override async keep(...[subject, , id, versions, schema]: Parameters<KeptSchemas['keep']>) {
    const had = await this.compare(subject, id, schema)
    return [...new Set([...versions, ...had])].sort((one, other) => one - other)
  }
}

/** The copy of a trail; of none where there is no database. @param keeps whether it gets what the registry has */
export function keptSchemas({ pool, keeps = true }: { readonly pool?: Pool; readonly keeps?: boolean }) {
  if (!pool) return noKeptSchemas
  return keeps ? new KeptSchemas(pool) : new ReadSchemas(pool)
}
