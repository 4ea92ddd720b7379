import { asText, checkDatabaseUrl, isSchemaName, type Setting, schemaWords } from '../core/index.ts'

/** @throws Error */
function asSchemaName(text: string): string {
  if (!isSchemaName(text)) throw new Error(`expected ${schemaWords}`)
  return text
}

/** How commands reach Postgres. */
export const postgresSettings = {
  databaseUrl: {
    env: 'DATABASE_URL',
    flag: '--database <url>',
    help: 'Postgres that holds the trail',
    parse: checkDatabaseUrl
  },
  databasePasswordFile: {
    env: 'DATABASE_PASSWORD_FILE',
    help: 'file with the password of the database, in place of one in DATABASE_URL; read again for each new session',
    parse: asText
  },
  databaseSchema: {
    env: 'DATABASE_SCHEMA',
    help: 'schema of the tables in Postgres (default: where search_path leads)',
    parse: asSchemaName
  }
} as const satisfies Record<string, Setting<unknown>>
