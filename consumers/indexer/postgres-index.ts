import { type Database, query } from '../../postgres/index.ts'
import { checkedDatabase, type PostgresAdapter, type PostgresOnly } from '../checked-database.ts'
import { indexerMigrations } from './migrations.ts'
import type { IndexedDocument, SearchIndex } from './search-index.ts'

export const documentTable = 'search_documents'
/** Name of its sessions in pg_stat_activity. */
export const indexerSessions = 'eventtrail-indexer'

const put = `
  INSERT INTO search_documents (id, text, data, event_name, event_id, occurred_at)
  VALUES ($1, $2, $3, $4, $5, timestamptz 'epoch' + $6::bigint * interval '1 microsecond')
  ON CONFLICT (id) DO UPDATE SET
    text = EXCLUDED.text, data = EXCLUDED.data, event_name = EXCLUDED.event_name,
    event_id = EXCLUDED.event_id, occurred_at = EXCLUDED.occurred_at
  WHERE (search_documents.occurred_at, search_documents.event_id) < (EXCLUDED.occurred_at, EXCLUDED.event_id)`

const search = `
  SELECT id, text, data, event_name, event_id, (extract(epoch FROM occurred_at) * 1000000)::bigint::text AS micros
  FROM search_documents, websearch_to_tsquery('english', $1) AS wanted
  WHERE words @@ wanted
  ORDER BY ts_rank(words, wanted) DESC, occurred_at DESC, id
  LIMIT $2`

/** A search index in Postgres. */
export type PostgresSearchIndex = SearchIndex & PostgresAdapter

/**
 * The full-text search of Postgres, for English. A search takes words, "phrases", `or` and `-without`. Opens nothing
 * yet. While the tables are missing, its calls throw `POSTGRES_UNAVAILABLE`, so that events wait; the cause says why.
 * @param connection where the database is, or a connection that is shared with other parts of the process
 * @throws OptionsError
 */
export function postgresIndex(connection: PostgresOnly): PostgresSearchIndex {
  const database = checkedDatabase(connection, {
    applicationName: indexerSessions,
    migrations: indexerMigrations,
    tables: [documentTable]
  })
  return { ...searchIndexOn(database), ...database.adapter }
}

/** The same on a database that the caller has checked, and closes. */
export function searchIndexOn(database: Database): SearchIndex {
  return {
    async put(document) {
      const { id, text, data = {}, event_name, event_id, occurred_at } = document
      await query(database, put, [id, text, JSON.stringify(data), event_name, event_id, String(occurred_at)])
    },
    async search(text, { limit = 10 } = {}) {
      const rows = await query(database, search, [text, limit])
      return rows.map(({ micros, ...row }) => ({ ...row, occurred_at: BigInt(micros as string) }) as IndexedDocument)
    },
    async count() {
      const [row] = await query(database, 'SELECT count(*)::text AS count FROM search_documents')
      return Number(row?.count)
    },
    close: async () => undefined
  }
}
