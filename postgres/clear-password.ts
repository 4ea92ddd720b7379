import type { Duplex } from 'node:stream'
import type pg from 'pg'
import { PostgresError } from './errors.ts'

/** What pg has for a server that asks for the password itself (AuthenticationCleartextPassword). */
interface Answering {
  _handleAuthCleartextPassword(message: unknown): void
  readonly connection: { readonly stream: Duplex }
}

/**
 * A client that never sends its password as it is where others could read it. pg gives it to any server that asks,
 * whatever the real one would ask for.
 * @param why in words; the connection is then ended with `POSTGRES_TLS`
 */
export function withoutClearPassword(Client: typeof pg.Client, why: string): typeof pg.Client {
  return class extends Client {
    _handleAuthCleartextPassword(): void {
      const { connection } = this as unknown as Answering
      connection.stream.destroy(
        new PostgresError(
          'POSTGRES_TLS',
          `Postgres asks for the password unencrypted, and it was not sent: ${why}; or have pg_hba.conf use scram-sha-256`
        )
      )
    }
  }
}
