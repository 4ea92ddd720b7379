import { type Database, query } from '../../postgres/index.ts'

/** A mail address and nothing else: no name, no list. */
export const addressShape = /^[^\s@<>(),;:"\\[\]]+@[^\s@<>(),;:"\\[\]]+$/

/** Somebody who can be written to. */
export interface Recipient {
  readonly address: string
  readonly name?: string
  /** False for somebody who asked not to be written to. Default true. */
  readonly wantsMail?: boolean
}

/**
 * Who stands behind an id of an event. Implementations throw errors with `retryable: true` when they cannot
 * tell just now.
 */
export interface RecipientDirectory {
  /** @param id UUID, lower case */
  find(id: string): Promise<Recipient | undefined>
}

/** The table `recipients` as a directory. */
export function postgresDirectory(database: Database): RecipientDirectory {
  return {
    async find(id) {
      const [row] = await query(database, 'SELECT address, name, wants_mail FROM recipients WHERE id = $1', [id])
      if (!row) return undefined
      const { address, name, wants_mail } = row as { address: string; name: string | null; wants_mail: boolean }
      return { address, wantsMail: wants_mail, ...(name !== null && { name }) }
    }
  }
}
