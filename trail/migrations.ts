import type { Migrations } from '../postgres/index.ts'
import { trailGrants } from './grants.ts'

/** The tables of the trail. */
export const trailMigrations: Migrations = {
  component: 'trail',
  access: trailGrants,
  // Not before it is asked for: a bundle may have no import.meta.url.
  get directory() {
    return new URL('./migrations', import.meta.url)
  }
}
