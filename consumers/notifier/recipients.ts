import { type Database, query } from '../../postgres/index.ts'
import { uuidOf } from '../../schemas/index.ts'
import { checkedDatabase, type PostgresAdapter, type PostgresOnly } from '../checked-database.ts'
import { notifierTables } from './migrations.ts'

/** A person who can be written to. */
export interface Recipient {
  readonly address: string
  readonly name?: string
  /** False for a person who asked not to be written to. Default true. */
  readonly wantsMail?: boolean
}

/**
 * Finds the person that an id in an event belongs to. Implementations throw errors with `retryable: true` while they
 * cannot answer.
 */
export interface RecipientDirectory {
  /** @param id as the mail's rule gives it */
  find(id: string): Promise<Recipient | undefined>
}

/** The table `recipients` as a directory. */
export type PostgresDirectory = RecipientDirectory & PostgresAdapter

/**
 * The table `recipients` as a directory. Its ids are UUIDs: it knows no other. Opens nothing yet. While
 * the tables are missing, its calls throw `POSTGRES_UNAVAILABLE`, so that events wait; the cause says why.
 * @param connection where the database is, or a connection that is shared with other parts of the process
 * @throws OptionsError
 */
export function postgresDirectory(connection: PostgresOnly): PostgresDirectory {
  const database = checkedDatabase(connection, notifierTables)
  return { ...directoryOn(database), ...database.adapter }
}

/** The same on a database that the caller has checked, and closes. */
export function directoryOn(database: Database): RecipientDirectory {
  return {
    async find(id) {
      const uuid = uuidOf(id)
      if (!uuid) return undefined
      const [row] = await query(database, 'SELECT address, name, wants_mail FROM recipients WHERE id = $1', [uuid])
      if (!row) return undefined
      const { address, name, wants_mail } = row as { address: string; name: string | null; wants_mail: boolean }
      return { address, wantsMail: wants_mail, ...(name !== null && { name }) }
    }
  }
}
