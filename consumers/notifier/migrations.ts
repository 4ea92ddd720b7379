import type { Migrations } from '../../postgres/index.ts'
import type { CheckedTables } from '../checked-database.ts'

/** The tables of recipients, subscriptions and deliveries. */
export const notifierMigrations: Migrations = {
  component: 'notifier',
  access: {
    grants: [
      { on: 'recipients', to: ['notifier'], may: 'SELECT' },
      // Whether there is one, and not who it is.
      { on: 'recipients', to: ['operator'], may: 'SELECT (id)' },
      { on: 'subscriptions', to: ['notifier', 'operator', 'reader'], may: 'SELECT' },
      {
        on: 'subscriptions',
        to: ['notifier'],
        may: 'UPDATE (enabled, disabled_code, disabled_at, failing_since, hold_until)'
      },
      {
        on: 'subscriptions',
        to: ['operator'],
        may: 'INSERT, UPDATE (enabled, disabled_code, disabled_at, failing_since, hold_until, removed_at)'
      },
      // Encrypted; the key is not in the database.
      { on: 'subscription_secrets', to: ['notifier'], may: 'SELECT' },
      { on: 'subscription_secrets', to: ['operator'], may: 'SELECT, INSERT, UPDATE (sealed, expires_at)' },
      {
        on: 'deliveries',
        to: ['notifier'],
        may: 'SELECT, INSERT, DELETE, UPDATE (state, code, status, attempts, next_attempt_at, lease, content, finished_at)'
      },
      // Without what was to be said, and to whom.
      {
        on: 'deliveries',
        to: ['operator', 'reader'],
        may: 'SELECT (id, event_id, subscription_id, event_name, state, code, status, attempts, next_attempt_at, lease, created_at, finished_at)'
      },
      {
        on: 'deliveries',
        to: ['operator'],
        may: 'UPDATE (state, code, attempts, next_attempt_at, lease, finished_at)'
      },
      { on: 'delivery_attempts', to: ['notifier'], may: 'SELECT, INSERT, UPDATE (duration_ms, result, code, status)' },
      { on: 'delivery_attempts', to: ['operator', 'reader'], may: 'SELECT' }
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
  tables: ['recipients', 'subscriptions', 'subscription_secrets', 'deliveries', 'delivery_attempts']
}
