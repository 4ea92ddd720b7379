import { type Database, openDatabase, query, requireTables } from '../../postgres/index.ts'
import { indexerMigrations } from './migrations.ts'
import type { LessonDocument, SearchIndex } from './search-index.ts'

export const documentTable = 'lesson_documents'
/** Name of its sessions in pg_stat_activity. */
export const indexerSessions = 'eventtrail-indexer'

const put = `
  INSERT INTO lesson_documents (lesson_id, course_id, instructor_id, title, published_at, event_id)
  VALUES ($1, $2, $3, $4, timestamptz 'epoch' + $5::bigint * interval '1 microsecond', $6)
  ON CONFLICT (lesson_id) DO UPDATE SET
    course_id = EXCLUDED.course_id, instructor_id = EXCLUDED.instructor_id, title = EXCLUDED.title,
    published_at = EXCLUDED.published_at, event_id = EXCLUDED.event_id
  WHERE (lesson_documents.published_at, lesson_documents.event_id) < (EXCLUDED.published_at, EXCLUDED.event_id)`

const search = `
  SELECT lesson_id, course_id, instructor_id, title, event_id,
    (extract(epoch FROM published_at) * 1000000)::bigint::text AS micros
  FROM lesson_documents, websearch_to_tsquery('english', $1) AS wanted
  WHERE words @@ wanted
  ORDER BY ts_rank(words, wanted) DESC, published_at DESC, lesson_id
  LIMIT $2`

/**
 * The full-text search of Postgres. A search takes words, "phrases", `or` and `-without`.
 * @throws DatabaseError `TABLES_MISSING`, `POSTGRES_UNAVAILABLE`; PostgresError `POSTGRES_UNFIT`
 */
export async function openPostgresIndex(databaseUrl: string): Promise<SearchIndex> {
  const database = openDatabase(databaseUrl, indexerSessions)
  try {
    await database.requireFit()
    await requireTables(database, indexerMigrations, documentTable)
  } catch (error) {
    await database.close()
    throw error
  }
  return postgresIndex(database, () => database.close())
}

/** The same on a database of the caller's. */
export function postgresIndex(database: Database, close: () => Promise<void> = async () => undefined): SearchIndex {
  return {
    async put(document) {
      const { lesson_id, course_id, instructor_id, title, published_at, event_id } = document
      await query(database, put, [lesson_id, course_id, instructor_id, title, String(published_at), event_id])
    },
    async search(text, { limit = 10 } = {}) {
      const rows = await query(database, search, [text, limit])
      return rows.map(({ micros, ...row }) => ({ ...row, published_at: BigInt(micros as string) }) as LessonDocument)
    },
    async count() {
      const [row] = await query(database, 'SELECT count(*)::text AS count FROM lesson_documents')
      return Number(row?.count)
    },
    close
  }
}
