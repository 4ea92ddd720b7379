import type { Migrations } from '../core/migrate.ts'

/** The tables of the trail. */
export const trailMigrations: Migrations = {
  component: 'trail',
  directory: new URL('./migrations', import.meta.url)
}
