import type { Migrations } from '../postgres/index.ts'

/** The tables of the trail. */
export const trailMigrations: Migrations = {
  component: 'trail',
  // Not before it is asked for: a bundle may have no import.meta.url.
  get directory() {
    return new URL('./migrations', import.meta.url)
  }
}
