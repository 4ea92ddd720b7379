import { type ConnectionWithPostgres, postgresRules, usePool } from '../connection/index.ts'
import { checkOptions, EventtrailError, type FileOrText, type Rules, rule } from '../core/index.ts'
import type { Pool, Queries } from '../postgres/index.ts'
import { requireTables, unavailable } from '../postgres/index.ts'
import type { EventStore, StoredEvent } from '../producers/bus/index.ts'
import type { Signer } from '../proof/index.ts'
import { classify, faultName, isOfTable } from './classify.ts'
import { inTransaction, requireFitPostgres, sessionPool } from './database.ts'
import { BadRecordError, TrailError } from './errors.ts'
import { trailMigrations } from './migrations.ts'
import { busEntries, EntryWriter, type Prover, proverOf, sayProved, signerIn } from './proof/index.ts'
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

export interface EventStoreOptions {
  /**
   * The key that signs what is stored, where the trail is proved: the text of its file, or the file. It is read once.
   * Default none: on a trail that is proved nothing is stored.
   */
  readonly proofKey?: FileOrText
}

const rules: Rules<EventStoreOptions> = { proofKey: rule.fileOrText }

/**
 * The trail as the store of an in-process bus: the same table, by INSERT, without Kafka coordinates.
 * The same id twice is stored once when the content is the same, and refused when it differs. Who caused it is no content:
 * the first one stays.
 * @param connection where the database is, or a connection that is shared with other parts of the process
 * @throws OptionsError
 */
export function postgresEventStore(
  connection: Pick<ConnectionWithPostgres, 'postgres'>,
  options: EventStoreOptions = {}
): PostgresEventStore {
  checkOptions(connection as ConnectionWithPostgres, postgresRules)
  checkOptions(options, rules)
  return new TrailStore(connection, signerIn(options.proofKey))
}

class TrailStore implements PostgresEventStore {
  readonly #pool: Pool
  readonly #encoders = new Map<unknown, RowEncoder>()
  readonly #signer: Signer | undefined
  /** Once the database was looked at: what signs, where the trail is proved. */
  #checked: Promise<Prover | undefined> | undefined

  readonly #release: () => Promise<void>

  constructor(given: Pick<ConnectionWithPostgres, 'postgres'>, signer: Signer | undefined) {
    this.#signer = signer
    const { pool, release } = usePool(given, database => sessionPool(database, sessions))
    this.#pool = pool
    this.#release = release
  }

  /**
   * @throws TrailError `STORE_FAILED`, `PROOF_KEY_MISSING`, `PROOF_KEY_REFUSED`; PostgresError `POSTGRES_UNAVAILABLE`, `TABLES_MISSING`, `POSTGRES_UNFIT`; MigrationError
   */
  async append(records: readonly StoredEvent[]): Promise<void> {
    if (records.length === 0) return
    this.#checked ??= this.#check()
    try {
      await this.#insert(records, await this.#checked)
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

  async #check(): Promise<Prover | undefined> {
    await requireFitPostgres(this.#pool, sessions)
    await requireTables(this.#pool, trailMigrations)
    return proverOf(this.#pool, this.#signer, 'bus')
  }

  async #whyRefused(cause: unknown): Promise<string> {
    if (!isOfTable(cause)) return 'Postgres refuses a value of an envelope'
    const additions = await listAdditions(this.#pool).catch(() => [])
    return `the table refuses it (${faultName(cause)}): see ${nameRefuser(cause, additions)}, which is no part of the trail`
  }

  async #insert(records: readonly StoredEvent[], prover: Prover | undefined): Promise<void> {
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
      if (prover) await sayProved(client)
      const inserted = await client.query<{ id: string }>(
        `INSERT INTO event_envelopes (${columns}) SELECT * FROM ${input} ON CONFLICT (id) DO NOTHING RETURNING id`,
        values
      )
      if (prover) await state(client, prover, rows, inserted.rows)
      if (inserted.rows.length === records.length) return
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

/** Signs which rows a transaction has stored. */
async function state(
  client: Queries,
  prover: Prover,
  rows: readonly TrailRow[],
  inserted: readonly { readonly id: string }[]
): Promise<void> {
  const stored = new Set(inserted.map(({ id }) => id))
  // Of an id that a call has twice the first one is stored.
  const news = rows.filter(({ id }) => stored.delete(id))
  const writer = new EntryWriter(client, prover)
  for (const entry of busEntries(news)) await writer.add(entry)
}

/** These rows have no coordinates in Kafka: the columns are left out. */
const nowhere = { partition: 0, offset: 0 }
/** Bytes of a row besides those of the value, for most rows; the buffer grows where it is more. */
const rowOverhead = 256
