import type { DrainOptions, Handle } from '../core/index.ts'
import type { Health } from '../observability/index.ts'
import type { CaughtUpOptions } from './options.ts'

/** Counts since the start of this process. */
export interface SinkStats {
  readonly rows: number
  readonly batches: number
  readonly duplicates: number
  readonly quarantined: number
  /** Chunks that another sink had taken over. */
  readonly fenced: number
  /** Writes that were tried again. */
  readonly retries: number
  /** Rows handed over and not written yet. */
  readonly pending: number
}

/**
 * The audit sink: writes every envelope of every topic that the registry knows into Postgres, exactly once. Make it with
 * `createSink`.
 */
export interface Sink extends Handle {
  /** Consumer group, with the prefix. */
  readonly group: string
  stats(): SinkStats
  /**
   * Whether the sink is ready and alive. From the first call on, a server that was not heard of for a while is probed
   * every few seconds.
   */
  health(): Health
  /**
   * Checks the tables, then reads until it is stopped. Kafka and the registry may be away; they are waited for.
   * @throws SinkError `CLOSED`; PostgresError `TABLES_MISSING`, `POSTGRES_UNAVAILABLE`
   * @throws PostgresError `POSTGRES_UNFIT`: Postgres before 16, another encoding than UTF8, a pooler of transactions
   * @throws MigrationError `TABLES_NEWER`
   */
  start(): Promise<void>
  /**
   * Writes what was read, commits its offsets to Kafka, leaves the group. Past `timeoutMs` (default 10,000) it closes as it is.
   * @throws OptionsError, and continues to run
   */
  drain(options?: DrainOptions): Promise<void>
  /** Stops now. What is not written is read again at the next start, or by another sink. */
  close(): Promise<void>
  /**
   * Resolves once everything that was in Kafka at the time of the call is in the trail, or passed as no event. What
   * waits for an open transaction is waited for too.
   * @throws SinkError `CATCH_UP_TIMEOUT` after the timeout, which names what an open transaction holds back; `CLOSED`
   * when the sink ends before; OptionsError
   */
  whenCaughtUp(options?: CaughtUpOptions): Promise<void>
}
