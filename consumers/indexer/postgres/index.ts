/** A search index in Postgres: its full-text search. */
export {
  documentTable,
  indexerSessions,
  type PostgresIndexOptions,
  type PostgresSearchIndex,
  postgresIndex,
  searchIndexOn
} from './postgres-index.ts'
