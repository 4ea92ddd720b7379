import type { Secret } from '../core/index.ts'

/** Which database to open sessions of, and as whom. */
export interface DatabaseAddress {
  /** `postgres://user:password@host:port/database`, with the parameters of TLS. */
  readonly url: string
  /**
   * In place of a password in the URL. A function is asked for each new session: for tokens that live for minutes, and
   * for files that rotate. Sessions that are open stay open.
   */
  readonly password?: Secret
  /** Schema of the tables. Default: where the `search_path` of the role or the database leads. */
  readonly schema?: string
}

/** What a statement answered. */
export interface Answer<Row> {
  readonly rows: Row[]
  /** Rows that a statement returned or changed; null for statements that have no such number. */
  readonly rowCount: number | null
}

/** A statement with its own settings. */
export interface Statement {
  /** Prepared once for a session under this name. */
  readonly name?: string
  readonly text: string
  readonly values?: unknown[]
  /** ms after which it fails, and its session is closed. Default: that of the session. */
  readonly query_timeout?: number
}

// biome-ignore lint/suspicious/noExplicitAny: as in the driver's types, a row without a type may be anything.
type AnyRow = any

/** Something that takes statements: a session or a pool; those of pg fit. */
export interface Queries {
  query<Row = AnyRow>(statement: string | Statement, values?: unknown[]): Promise<Answer<Row>>
}

/** One session, which takes streams such as those of pg-copy-streams besides. */
export interface SessionQueries extends Queries {
  query<Row = AnyRow>(statement: string | Statement, values?: unknown[]): Promise<Answer<Row>>
  /** Starts a stream. @returns it */
  query<Stream extends { submit(connection: never): void }>(stream: Stream): Stream
}

/** A session of Postgres; a `pg.Client` fits. */
export interface Session extends SessionQueries {
  end(): Promise<void>
}

/** A session that a pool lent; a `pg.PoolClient` fits. */
export interface PooledSession extends SessionQueries {
  /** Gives it back; with an error, or true, it is closed. */
  release(error?: Error | boolean): void
}

/** Sessions that are opened when they are needed; a `pg.Pool` fits. */
export interface Pool extends Queries {
  connect(): Promise<PooledSession>
  end(): Promise<void>
}
