import { type Database, query } from '../../postgres/index.ts'
import { checkedDatabase, type PostgresAdapter, type PostgresOnly } from '../checked-database.ts'
import { notifierTables } from './migrations.ts'

/** Remembers what went out over a channel (`email`), by the id of the event. */
export interface SentLog {
  has(eventId: string, channel: string): Promise<boolean>
  add(eventId: string, channel: string): Promise<void>
}

/** The table `notifications_sent` as a log of what was sent. */
export type PostgresSentLog = SentLog & PostgresAdapter

/**
 * The table `notifications_sent`. Opens nothing yet. While the tables are missing, its calls throw
 * `POSTGRES_UNAVAILABLE`, so that events wait; the cause says why.
 * @param connection where the database is, or a connection that is shared with other parts of the process
 * @throws OptionsError
 */
export function postgresSentLog(connection: PostgresOnly): PostgresSentLog {
  const database = checkedDatabase(connection, notifierTables)
  return { ...sentLogOn(database), ...database.adapter }
}

/** The same on a database that the caller has checked, and closes. */
export function sentLogOn(database: Database): SentLog {
  return {
    async has(eventId, channel) {
      const found = 'SELECT 1 FROM notifications_sent WHERE event_id = $1 AND channel = $2'
      return (await query(database, found, [eventId, channel])).length > 0
    },
    async add(eventId, channel) {
      const insert = 'INSERT INTO notifications_sent (event_id, channel) VALUES ($1, $2) ON CONFLICT DO NOTHING'
      await query(database, insert, [eventId, channel])
    }
  }
}

/**
 * The same with a memory in front: what was sent and could not be noted down is not sent again by this process
 * when the message is tried again, only noted down again.
 */
export function rememberingSentLog(log: SentLog): SentLog {
  const unnoted = new Set<string>()
  return {
    async has(eventId, channel) {
      if (!unnoted.has(`${eventId} ${channel}`)) return await log.has(eventId, channel)
      await this.add(eventId, channel)
      return true
    },
    async add(eventId, channel) {
      unnoted.add(`${eventId} ${channel}`)
      await log.add(eventId, channel)
      unnoted.delete(`${eventId} ${channel}`)
    }
  }
}
