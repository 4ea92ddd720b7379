import type { Migrations } from '../../postgres/index.ts'

/** The tables of recipients and of what was sent. */
export const notifierMigrations: Migrations = {
  component: 'notifier',
  directory: new URL('./migrations', import.meta.url),
  optional: true
}
