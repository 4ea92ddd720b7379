import pg from 'pg'
import { afterAll, beforeEach, onTestFinished } from 'vitest'
import {
  inboxMigrations,
  type Once,
  type OnceSession,
  onceOf,
  postgresInbox
} from '../../../../consumers/inbox/index.ts'
import { silentLogger } from '../../../../core/logger.ts'
import { migrate } from '../../../../postgres/migrate.ts'
import { eventually, testEnvironment } from '../../../support/stack.ts'

/** A database with an inbox and a table `effects`, both empty before each test. */
export async function testInbox() {
  const { databaseUrl } = await testEnvironment()
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 6 })
  afterAll(() => pool.end())
  const setUp = await pool.connect()
  await migrate(setUp, inboxMigrations)
  await setUp.query('CREATE TABLE effects (event_id uuid NOT NULL, number bigserial)')
  setUp.release()
  const empty = () => pool.query('TRUNCATE effects, eventtrail_inbox')
  beforeEach(async () => void (await empty()))

  const inbox = postgresInbox({ log: silentLogger })
  const count = async (table: string) => Number((await pool.query(`SELECT count(*) FROM ${table}`)).rows[0].count)
  return {
    databaseUrl,
    pool,
    inbox,
    empty,
    count,
    effects: () => count('effects'),
    /** `once` of the first delivery of an event, or of the next one. */
    first: (id: string, group = 'stock'): Once => onceOf(inbox, group, id),
    effectOf: (id: string) => (session: OnceSession) =>
      session.query('INSERT INTO effects (event_id) VALUES ($1)', [id]),
    /** A session of the pool that is given back when the test ends. */
    async lent(): Promise<pg.PoolClient> {
      const session = await pool.connect()
      onTestFinished(() => session.release())
      return session
    },
    /** Resolves when a session waits for the transaction of another one. */
    waiting: () => eventually(async () => (await pool.query(waits)).rowCount === 1, { what: 'a session waits' })
  }
}

const waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
