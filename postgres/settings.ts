import { checkDatabaseUrl, type Setting } from '../core/index.ts'

/** How commands reach Postgres. */
export const postgresSettings = {
  databaseUrl: {
    env: 'DATABASE_URL',
    flag: '--database <url>',
    help: 'Postgres that holds the trail',
    parse: checkDatabaseUrl
  }
} as const satisfies Record<string, Setting<unknown>>
