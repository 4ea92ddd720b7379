import { type Database, query } from '../../../postgres/index.ts'
import type { IndexRebuild, Json } from '../rebuild/index.ts'
import type { SearchLanguage } from '../words/index.ts'
import { putInto } from './put-many.ts'

/** The table that searches use, the one that is filled, and the old one. */
const names = { table: 'search_documents', next: 'search_documents_next', before: 'search_documents_before' }

// One statement each, so that all of it is done or nothing. Names are in the schema of the table, wherever search_path
// leads a new one.
const inSchema = (body: string): string => `DO $do$
  DECLARE
    home text := (SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = '${names.table}'::regclass);
    owner text := (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = '${names.table}'::regclass);
    granted record;
  BEGIN
    ${body}
  END $do$`

/** Rights and owner are those of the table that is searched. */
const create = inSchema(`
    EXECUTE format('DROP TABLE IF EXISTS %s.${names.next}', home);
    EXECUTE format('CREATE TABLE %s.${names.next} (LIKE %1$s.${names.table} INCLUDING ALL)', home);
    IF owner <> current_user THEN EXECUTE format('ALTER TABLE %s.${names.next} OWNER TO %I', home, owner); END IF;
    FOR granted IN SELECT (aclexplode(relacl)).* FROM pg_class WHERE oid = '${names.table}'::regclass LOOP
      EXECUTE format('GRANT %s ON %s.${names.next} TO %s', granted.privilege_type, home,
        CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(granted.grantee)) END);
    END LOOP;
    DELETE FROM search_rebuilds;`)

/** Waits for running statements for a while at most: those that come after it wait for it. */
const switchTables = inSchema(`
    IF (SELECT switched FROM search_rebuilds) THEN RETURN; END IF;
    PERFORM set_config('lock_timeout', '3s', true);
    EXECUTE format('DROP TABLE IF EXISTS %s.${names.before}', home);
    EXECUTE format('ALTER TABLE %s.${names.table} RENAME TO ${names.before}', home);
    EXECUTE format('ALTER TABLE %s.${names.next} RENAME TO ${names.table}', home);
    UPDATE search_rebuilds SET switched = true;`)

const finish = inSchema(`
    EXECUTE format('DROP TABLE IF EXISTS %s.${names.before}', home);
    DELETE FROM search_rebuilds;`)

/**
 * A second table that takes the name of the first one. Needs the owner of the table, as `eventtrail migrate` does.
 * @throws PostgresError
 */
export async function beginRebuild(database: Database, language: SearchLanguage, key: string): Promise<IndexRebuild> {
  const [found] = await query(database, 'SELECT progress, switched, key = $1 AS same FROM search_rebuilds', [key])
  const continues = found?.same === true
  if (!continues) {
    await query(database, create)
    await query(database, 'INSERT INTO search_rebuilds (key) VALUES ($1)', [key])
  }
  let switched = continues && found.switched === true
  return {
    progress: continues ? ((found.progress as Json | null) ?? undefined) : undefined,
    putMany: changes => putInto(database, switched ? names.table : names.next, language, changes),
    async save(progress) {
      await query(database, 'UPDATE search_rebuilds SET progress = $1', [JSON.stringify(progress)])
    },
    async switchOver() {
      await query(database, `ANALYZE ${switched ? names.table : names.next}`)
      await query(database, switchTables)
      switched = true
    },
    async finish() {
      await query(database, finish)
    }
  }
}
