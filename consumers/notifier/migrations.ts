import type { Migrations } from '../../postgres/index.ts'

/** The tables of recipients and of what was sent. */
export const notifierMigrations: Migrations = {
  component: 'notifier',
  // Not before it is asked for: a bundle may have no import.meta.url.
  get directory() {
    return new URL('./migrations', import.meta.url)
  },
  optional: true
}
