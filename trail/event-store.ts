import { type ConnectionWithPostgres, postgresRules, usePool } from '../connection/index.ts'
import { checkOptions, EventtrailError } from '../core/index.ts'
import type { Pool } from '../postgres/index.ts'
import { requireTables, unavailable } from '../postgres/index.ts'
import type { EventStore, StoredEvent } from '../producers/bus/index.ts'
import { classify, faultName, isOfTable } from './classify.ts'
import { inTransaction, requireFitPostgres, sessionPool } from './database.ts'
import { BadRecordError, TrailError } from './errors.ts'
import { trailMigrations } from './migrations.ts'
import {
  CopyBuffer,
  compileRowEncoder,
  copyColumns,
  type RowEncoder,
  readRow,
  type TrailRow,
  timestampText,
  WhoHeaders
} from './rows/index.ts'
import { listAdditions, nameRefuser } from './session/index.ts'

const sessions = { applicationName: 'eventtrail-bus' }
const pingTimeoutMs = 3_000
const contentColumns = copyColumns.slice(0, 6).join(', ')
// All but where a record is in Kafka.
const columns = copyColumns.slice(0, 9).join(', ')

/** The store of an in-process bus that keeps its events in the trail. */
export interface PostgresEventStore extends EventStore, AsyncDisposable {
  /** Closes its sessions; those of a connection that is shared stay open. */
  close(): Promise<void>
}

/**
 * The trail as the store of an in-process bus: the same table, by INSERT, without Kafka coordinates.
 * The same id twice is stored once when the content is the same, and refused when it differs. Who caused it is no content:
 * the first one stays.
 * @param connection where the database is, or a connection that is shared with other parts of the process
 * @throws OptionsError
 */
export function postgresEventStore(connection: Pick<ConnectionWithPostgres, 'postgres'>): PostgresEventStore {
  checkOptions(connection as ConnectionWithPostgres, postgresRules)
  return new TrailStore(connection)
}

class TrailStore implements PostgresEventStore {
  readonly #pool: Pool
  readonly #encoders = new Map<unknown, RowEncoder>()
  #checked: Promise<void> | undefined

  readonly #release: () => Promise<void>

  constructor(given: Pick<ConnectionWithPostgres, 'postgres'>) {
    const { pool, release } = usePool(given, database => sessionPool(database, sessions))
    this.#pool = pool
    this.#release = release
  }

  /**
   * @throws TrailError `STORE_FAILED`; PostgresError `POSTGRES_UNAVAILABLE`, `TABLES_MISSING`, `POSTGRES_UNFIT`; MigrationError
   */
  async append(records: readonly StoredEvent[]): Promise<void> {
    if (records.length === 0) return
    this.#checked ??= requireFitPostgres(this.#pool, sessions).then(() => requireTables(this.#pool, trailMigrations))
    try {
      await this.#checked
      await this.#insert(records)
    } catch (cause) {
      this.#checked = undefined
      if (cause instanceof EventtrailError) throw cause
      if (cause instanceof BadRecordError) throw new TrailError('STORE_FAILED', `Not stored: ${cause.message}`, cause)
      if (classify(cause) === 'server') throw unavailable(cause)
      throw new TrailError('STORE_FAILED', `Not stored: ${await this.#whyRefused(cause)}`, cause)
    }
  }

  async ping(): Promise<void> {
    await this.#pool.query({ text: 'SELECT 1', query_timeout: pingTimeoutMs })
  }

  close(): Promise<void> {
    return this.#release()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #whyRefused(cause: unknown): Promise<string> {
    if (!isOfTable(cause)) return 'Postgres refuses a value of an envelope'
    const additions = await listAdditions(this.#pool).catch(() => [])
    return `the table refuses it (${faultName(cause)}): see ${nameRefuser(cause, additions)}, which is no part of the trail`
  }

  async #insert(records: readonly StoredEvent[]): Promise<void> {
    const rows = records.map(record => this.#rowOf(record))
    const values = [
      rows.map(({ id }) => id),
      rows.map(({ aggregateId }) => aggregateId),
      rows.map(({ occurredAt }) => timestampText(occurredAt)),
      rows.map(({ eventName }) => eventName),
      rows.map(({ payload }) => payload),
      rows.map(({ schemaVersion }) => schemaVersion),
      rows.map(({ source }) => source),
      rows.map(({ actor }) => actor),
      rows.map(({ traceparent }) => traceparent)
    ]
    const input = `unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[]::jsonb[], $6::smallint[],
      $7::text[], $8::text[], $9::text[]) AS w(${columns})`
    await inTransaction(this.#pool, async client => {
      const { rowCount } = await client.query(
        `INSERT INTO event_envelopes (${columns}) SELECT * FROM ${input} ON CONFLICT (id) DO NOTHING`,
        values
      )
      if (rowCount === records.length) return
      const same = await client.query(
        `SELECT count(*)::int AS n FROM ${input} JOIN event_envelopes e USING (${contentColumns})`,
        values
      )
      if (same.rows[0]?.n !== records.length) {
        throw new TrailError('STORE_FAILED', 'The trail has an envelope with this id and other content')
      }
    })
  }

  /** As the sink would make it from the record in Kafka. @throws BadRecordError */
  #rowOf({ value, version, headers }: StoredEvent): TrailRow {
    const { type, eventName } = version
    const encode = this.#encoders.get(type) ?? compileRowEncoder(type, eventName, [version.version])
    this.#encoders.set(type, encode)
    const out = new CopyBuffer(value.length + rowOverhead)
    const who = new WhoHeaders()
    who.set(headers)
    encode(value, 0, value.length, { ...nowhere, who }, out)
    return readRow(out.bytes, 0, out.at)
  }
}

/** These rows have no coordinates in Kafka: the columns are left out. */
const nowhere = { partition: 0, offset: 0 }
/** Bytes of a row besides those of the value, for most rows; the buffer grows where it is more. */
const rowOverhead = 256
