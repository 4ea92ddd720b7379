import type { Migrations } from '../../postgres/index.ts'
import type { CheckedTables } from '../checked-database.ts'

/** The tables of recipients and of what was sent. */
export const notifierMigrations: Migrations = {
  component: 'notifier',
  access: {
    grants: [
      { on: 'recipients', to: ['notifier'], may: 'SELECT' },
      { on: 'notifications_sent', to: ['notifier'], may: 'SELECT, INSERT' }
    ]
  },
  // Not before it is asked for: a bundle may have no import.meta.url.
  get directory() {
    return new URL('./migrations', import.meta.url)
  },
  optional: true
}

/** What the notifier keeps in Postgres. */
export const notifierTables: CheckedTables = {
  applicationName: 'eventtrail-notifier',
  migrations: notifierMigrations,
  tables: ['recipients', 'notifications_sent']
}
