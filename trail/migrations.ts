import type { Migrations } from '../postgres/migrate.ts'

/** The tables of the trail. */
export const trailMigrations: Migrations = {
  component: 'trail',
  directory: new URL('./migrations', import.meta.url)
}
