import { checkOptions, type Rules } from '../../../core/index.ts'
import { type Database, query } from '../../../postgres/index.ts'
import { checkedDatabase, type PostgresAdapter, type PostgresOnly } from '../../checked-database.ts'
import { indexerMigrations } from '../migrations.ts'
import type { RebuildableIndex } from '../rebuild/index.ts'
import { checkSearch } from '../search-options.ts'
import { checkLanguage, languageRule, type SearchLanguage } from '../words/index.ts'
import { findIn } from './find.ts'
import { putInto, removeEnds } from './put-many.ts'
import { beginRebuild } from './rebuild.ts'

export const documentTable = 'search_documents'
/** Name of its sessions in pg_stat_activity. */
export const indexerSessions = 'eventtrail-indexer'

export interface PostgresIndexOptions {
  /**
   * Language of the texts and of the words that are searched for. Documents keep the one that they were written with:
   * run `eventtrail index rebuild` after a change. Default `english`.
   */
  readonly language?: SearchLanguage
}

/** A search index in Postgres. */
export type PostgresSearchIndex = RebuildableIndex & PostgresAdapter

const rules: Rules<PostgresIndexOptions> = { language: languageRule }

/**
 * The full-text search of Postgres. Opens nothing yet. While the tables are missing, its calls throw
 * `POSTGRES_UNAVAILABLE`, so that events wait; the cause says why.
 * @param connection where the database is, or a connection that is shared with other parts of the process
 * @throws OptionsError
 */
export function postgresIndex(connection: PostgresOnly, options: PostgresIndexOptions = {}): PostgresSearchIndex {
  checkOptions(options, rules)
  const database = checkedDatabase(connection, {
    applicationName: indexerSessions,
    migrations: indexerMigrations,
    tables: [documentTable]
  })
  return { ...searchIndexOn(database, options), ...database.adapter }
}

/** The same on a database that the caller has checked, and closes. @throws OptionsError */
export function searchIndexOn(database: Database, options: PostgresIndexOptions = {}): RebuildableIndex {
  const language = checkLanguage(options.language)
  return {
    putMany: changes => putInto(database, documentTable, language, changes),
    async search(text, asked = {}) {
      checkSearch(text, asked)
      return findIn(database, documentTable, language, text, asked)
    },
    removeEnds: keepMs => removeEnds(database, documentTable, keepMs),
    count: () => countOf(database, documentTable),
    refresh: async () => undefined,
    beginRebuild: key => beginRebuild(database, language, key),
    close: async () => undefined
  }
}

/** The documents of a table. */
export async function countOf(database: Database, table: string): Promise<number> {
  const [row] = await query(database, `SELECT count(*)::text AS count FROM ${table} WHERE NOT deleted`)
  return Number(row?.count)
}
