/**
 * Roles of a database by what they do; the owner, who runs `eventtrail migrate`, is any role that may create tables.
 * Login users are members of them.
 */
export type DatabaseRole = 'writer' | 'operator' | 'reader' | 'sealer' | 'indexer' | 'notifier' | 'handler'

/** What each role is for, in words. */
export const roleUses: Readonly<Record<DatabaseRole, string>> = {
  writer: 'sinks, and buses that store in the trail: they append to it, and never update or delete a row of it',
  operator:
    'people who run `quarantine`, `sink reset`, `resume`, `accept-gap`, `forget`, `remember`, `subscriptions`, `deliveries`, `dead-letters`, `groups`, `retention hold` and `release`',
  reader: 'auditors, `doctor`, `verify` and `retention list`: all but the bytes of records in quarantine',
  sealer: 'what seals the proof: it gives entries their place in the log, and changes none of them',
  indexer: 'the indexer, and what searches its table',
  notifier: 'the notifier',
  handler: 'services whose handlers call `once`'
}

/** What roles may do with a table or a view. */
export interface Grant {
  readonly on: string
  readonly to: readonly DatabaseRole[]
  /** As GRANT has it: `SELECT, UPDATE (status)`. */
  readonly may: string
}

/** One part's tables, and who may do what with them. */
export interface PartGrants {
  /** Roles that need temporary tables. */
  readonly temporary?: readonly DatabaseRole[]
  readonly grants: readonly Grant[]
}

/** Names that a shell, SQL and Postgres take without quoting; the longest name of a role is in 63 bytes too. */
export const rolePrefixShape = /^[a-z][a-z0-9_]{0,49}$/

export const roleName = (prefix: string, role: DatabaseRole): string => `${prefix}_${role}`

/** The roles that these parts name, each once, in the order of {@link roleUses}. */
export const rolesOf = (parts: readonly PartGrants[]): readonly DatabaseRole[] =>
  (Object.keys(roleUses) as DatabaseRole[]).filter(role =>
    parts.some(({ grants }) => grants.some(({ to }) => to.includes(role)))
  )

/** The table of applied migrations, which each part looks at when it starts. */
const migrationsTable = 'eventtrail_migrations'

/**
 * The script that creates the roles that are not there and gives each exactly its rights, in one transaction: it may be run
 * at any time, and again after an update. It creates no login and no password.
 * @param prefix begins the names of the roles; see {@link rolePrefixShape}
 * @param schema where the tables are, unless search_path leads there
 */
export function rolesScript(parts: readonly PartGrants[], prefix: string, schema?: string): string {
  if (!rolePrefixShape.test(prefix)) throw new RangeError('a prefix of roles is a lower-case name')
  const roles = rolesOf(parts)
  const names = roles.map(role => roleName(prefix, role))
  const all = names.join(', ')
  const temporary = roles.filter(role => parts.some(part => part.temporary?.includes(role)))
  const grants: readonly Grant[] = [
    { on: migrationsTable, to: roles, may: 'SELECT' },
    ...parts.flatMap(part => part.grants)
  ]
  const tables = [...new Set(grants.map(({ on }) => on))]
  return [
    '-- The roles of eventtrail in this database, with exactly the rights that they need. May be run again.',
    '-- Run it as the owner of the tables, who needs CREATEROLE where a role is not there yet, or as a superuser.',
    ...roles.map(role => `--   ${roleName(prefix, role)}: ${roleUses[role]}`),
    '-- A login is a member of one of them:',
    `--   CREATE ROLE orders_sink LOGIN PASSWORD '…'; GRANT ${roleName(prefix, roles[0] ?? 'writer')} TO orders_sink;`,
    '-- All sinks of a trail have the same login: each ends the session of one that is suspended, and may do so with its own.',
    'BEGIN;',
    ...(schema === undefined ? [] : [`SET LOCAL search_path TO ${quotedName(schema)};`]),
    'DO $$',
    'DECLARE',
    '  wanted text;',
    '  -- Where the tables are.',
    `  home regnamespace := (SELECT relnamespace FROM pg_class WHERE oid = '${migrationsTable}'::regclass);`,
    'BEGIN',
    `  FOREACH wanted IN ARRAY ARRAY[${names.map(name => `'${name}'`).join(', ')}] LOOP`,
    '    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN',
    "      EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);",
    '    END IF;',
    '  END LOOP;',
    `  EXECUTE format('GRANT CONNECT ON DATABASE %I TO ${all}', current_database());`,
    ...(temporary.length === 0
      ? []
      : [
          `  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO ${temporary.map(role => roleName(prefix, role)).join(', ')}', current_database());`
        ]),
    `  EXECUTE format('GRANT USAGE ON SCHEMA %s TO ${all}', home);`,
    // Who owns neither database nor schema gets a warning in place of an error.
    `  FOREACH wanted IN ARRAY ARRAY[${names.map(name => `'${name}'`).join(', ')}] LOOP`,
    "    IF NOT has_schema_privilege(wanted::name, home::oid, 'USAGE') OR NOT has_database_privilege(wanted::name, current_database(), 'CONNECT') THEN",
    "      RAISE EXCEPTION 'the role % has no USAGE on the schema % or no CONNECT: the owner of schema and database runs this script', wanted, home",
    "        USING ERRCODE = 'insufficient_privilege';",
    '    END IF;',
    '  END LOOP;',
    'END',
    '$$;',
    ...tables.map(table => `REVOKE ALL ON ${table} FROM ${all};`),
    ...grants.map(
      ({ on, to, may }) => `GRANT ${may} ON ${on} TO ${to.map(role => roleName(prefix, role)).join(', ')};`
    ),
    'COMMIT;',
    ''
  ].join('\n')
}

/** A name of the catalogue as SQL has it, whatever is in it. */
export const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`
