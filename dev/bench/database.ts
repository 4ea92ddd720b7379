import { mkdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { beginProof, fillKeyFolder } from '../../audit/index.ts'
import { migrate } from '../../postgres/index.ts'
import { keepMonthsAhead, trailMigrations } from '../../trail/index.ts'
import type { Durability } from './types.ts'

/** Settings that decide what a commit is worth and what it costs; they are the same for every contender. */
export const durabilitySettings = [
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'wal_level',
  'wal_sync_method',
  'checkpoint_timeout',
  'max_wal_size',
  'shared_buffers'
] as const

/** A trail of its own: an empty database with the tables and the partitions of the months, as every contender gets it. */
export class Trail implements AsyncDisposable {
  readonly url: string
  readonly name: string
  readonly client: pg.Client
  readonly #admin: string

  private constructor(admin: string, url: string, name: string, client: pg.Client) {
    this.#admin = admin
    this.url = url
    this.name = name
    this.client = client
  }

  /**
   * @param admin URL of any database of the server.
   * @param name of the new one; one that is left from before is dropped.
   */
  static async make(admin: string, name: string): Promise<Trail> {
    await asAdmin(admin, async client => {
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
      await client.query(`CREATE DATABASE ${name}`)
    })
    const url = Object.assign(new URL(admin), { pathname: `/${name}` }).href
    const client = new pg.Client({ connectionString: url, application_name: 'bench' })
    client.on('error', () => undefined)
    await client.connect()
    await migrate(client, trailMigrations)
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    await keepMonthsAhead(pool, new Date())
    await pool.end()
    // No contender pays for what the one before left to be written.
    await client.query('CHECKPOINT')
    return new Trail(admin, url, name, client)
  }

  async rows(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.client.query<Record<string, unknown>>(sql, values)).rows
  }

  /** The one number that a query answers. */
  async number(sql: string, values: unknown[] = []): Promise<number> {
    const [row] = await this.rows(sql, values)
    return Number(Object.values(row ?? {})[0])
  }

  /** Bytes of the table's rows. Counting them instead would slow down the one that writes them. */
  tableBytes(): Promise<number> {
    return this.number(
      "SELECT coalesce(sum(pg_relation_size(inhrelid)), 0) FROM pg_inherits WHERE inhparent = 'event_envelopes'::regclass"
    )
  }

  /** Turns the proof on. @param folder for its keys @returns the file of the key of sinks */
  async prove(folder: string, topicPrefix: string): Promise<string> {
    mkdirSync(folder)
    const { keys } = fillKeyFolder(folder, 'bench.example/trail')
    const pool = new pg.Pool({ connectionString: this.url, max: 1 })
    const { root, log, operator } = keys
    const signers = { root: root.signer, log: log.signer, operator: operator.signer }
    await beginProof(pool, { ...signers, others: [{ signer: keys['sink-1'].signer, role: 'sink' }] }, topicPrefix)
    await pool.end()
    return keys['sink-1'].path
  }

  /** Records that sinks have dealt with. */
  offsets(): Promise<number> {
    return this.number('SELECT coalesce(sum(next_offset), 0) FROM sink_offsets')
  }

  async durability(): Promise<Durability> {
    const rows = await this.rows('SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY($1)', [
      durabilitySettings
    ])
    return Object.fromEntries(rows.map(({ name, value }) => [String(name), String(value)]))
  }

  /** Drops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.end()
    await asAdmin(this.#admin, client => client.query(`DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`))
    // The freed files are gone from the disk by then, and so is the work for it.
    await asAdmin(this.#admin, client => client.query('CHECKPOINT'))
    await delay(200)
  }
}

export async function asAdmin<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'bench' })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end()
  }
}
