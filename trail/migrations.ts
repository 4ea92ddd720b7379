import type { Migrations } from '../postgres/index.ts'

/** The tables of the trail. */
export const trailMigrations: Migrations = {
  component: 'trail',
  directory: new URL('./migrations', import.meta.url)
}
