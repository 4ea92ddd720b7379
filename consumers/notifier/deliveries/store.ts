import { type Database, query } from '../../../postgres/index.ts'
import { checkedDatabase, type PostgresAdapter, type PostgresOnly } from '../../checked-database.ts'
import { notifierTables } from '../migrations.ts'
import { type Channel, CurrentBook, type SubscriptionBook } from '../subscriptions/index.ts'
import { pruneChunk } from './prune.ts'
import { failingMs, nextAttemptMs } from './schedule.ts'
import type { Delivery, NewDelivery, Outcome } from './types.ts'

/** What a worker can take. */
export interface Wanted {
  readonly channels: readonly Channel[]
  /** Subscriptions of which it has enough. */
  readonly busy: readonly string[]
  readonly most: number
  /** Most of one subscription: an endpoint that hangs leaves room for the others. */
  readonly mostOfOne: number
}

/** How much waits. */
export interface Backlog {
  /** Deliveries that are neither sent nor given up; counted up to 100,000. */
  readonly pending: number
  /** s since the oldest of them that is due could have been sent. Those of subscriptions that are switched off do not count. */
  readonly overdueSeconds: number
}

/** What became of a delivery after an attempt. */
export interface Recorded {
  /** Another attempt follows. */
  readonly again: boolean
  /** Its endpoint was switched off. */
  readonly switchedOff: boolean
}

/** Deliveries and subscriptions in Postgres: what the notifier queues, and its deliverer sends. */
export interface Deliveries {
  /** @throws PostgresError `POSTGRES_UNAVAILABLE` */
  subscriptions(): Promise<SubscriptionBook>
  /** Adds those that are not there yet. @returns how many @throws PostgresError `POSTGRES_UNAVAILABLE` */
  queue(deliveries: readonly NewDelivery[]): Promise<number>
  /** Takes what is due, for `leaseMs`; a worker that ends before it has recorded an outcome leaves it to others then. */
  claim(wanted: Wanted): Promise<readonly Delivery[]>
  record(delivery: Delivery, outcome: Outcome, durationMs: number): Promise<Recorded>
  backlog(channels: readonly Channel[]): Promise<Backlog>
  /**
   * Removes a few of those that came to their end longer ago than `keepMs`; each call continues where the one before ended.
   * @returns how many
   */
  prune(keepMs: number): Promise<number>
  /** Calls back when something was queued by this process. @returns what ends it */
  onQueued(listener: () => void): () => void
  /** For what else is kept next to them. */
  readonly database: Database
}

/** {@link Deliveries} with sessions of their own, or those of a connection that is shared. */
export type PostgresDeliveries = Deliveries & PostgresAdapter

/** ms for which a delivery is its worker's: the time limits of an attempt, several times over. */
export const leaseMs = 120_000

/**
 * The tables of the notifier. Opens nothing yet. While they are missing, calls throw `POSTGRES_UNAVAILABLE`, so that
 * events wait; the cause says why.
 * @param connection where the database is, or a connection that is shared with other parts of the process
 * @throws OptionsError
 */
export function postgresDeliveries(connection: PostgresOnly): PostgresDeliveries {
  const database = checkedDatabase(connection, notifierTables)
  return { ...deliveriesOn(database), ...database.adapter }
}

const queueSql = `INSERT INTO deliveries (event_id, event_name, subscription_id, content, recipient)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[])
  ON CONFLICT (event_id, subscription_id) DO NOTHING RETURNING id`

const claimSql = `WITH due AS (
    SELECT waiting.id FROM subscriptions s CROSS JOIN LATERAL (
      SELECT id, next_attempt_at FROM deliveries
      WHERE subscription_id = s.id AND state = 'pending' AND next_attempt_at <= now()
      ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED) waiting
    WHERE s.enabled AND s.channel = ANY($1) AND s.id <> ALL($2) AND (s.hold_until IS NULL OR s.hold_until <= now())
    ORDER BY waiting.next_attempt_at LIMIT $4
  ), taken AS (
    UPDATE deliveries d SET lease = gen_random_uuid(), attempts = d.attempts + 1,
      next_attempt_at = now() + $5 * interval '1 ms'
    FROM due WHERE d.id = due.id RETURNING d.*
  ), noted AS (
    INSERT INTO delivery_attempts (id, delivery_id, started_at) SELECT lease, id, now() FROM taken
  )
  SELECT taken.id::text, lease, event_id, subscription_id, s.channel, s.target, recipient, content, attempts
  FROM taken JOIN subscriptions s ON s.id = subscription_id`

// A success counts also where another worker has taken the delivery meanwhile: the receiver has it.
const recordSql = `WITH done AS (
    UPDATE deliveries SET state = $3, code = $4, status = $5, lease = NULL,
      attempts = attempts - CASE WHEN $6 = 'unavailable' THEN 1 ELSE 0 END,
      next_attempt_at = CASE WHEN $3 = 'pending' THEN now() + $7 * interval '1 ms' ELSE next_attempt_at END,
      finished_at = CASE WHEN $3 = 'pending' THEN NULL ELSE now() END,
      content = CASE WHEN $3 IN ('pending', 'failed') THEN content END
    WHERE id = $1 AND state = 'pending' AND (lease = $2 OR $6 = 'delivered')
  ), noted AS (
    UPDATE delivery_attempts SET duration_ms = $8, result = $6, code = $4, status = $5 WHERE id = $2
  ), endpoint AS (
    UPDATE subscriptions SET
      failing_since = CASE WHEN $6 = 'delivered' THEN NULL ELSE coalesce(failing_since, now()) END,
      hold_until = CASE WHEN $9::float8 IS NULL THEN hold_until ELSE greatest(hold_until, now() + $9 * interval '1 ms') END,
      enabled = $6 = 'delivered' OR ($4 <> 'WEBHOOK_GONE' AND (failing_since IS NULL OR failing_since > now() - $10 * interval '1 ms')),
      disabled_code = CASE WHEN $6 = 'delivered' THEN NULL WHEN $4 = 'WEBHOOK_GONE' THEN $4
        WHEN failing_since <= now() - $10 * interval '1 ms' THEN 'WEBHOOK_FAILING' END,
      disabled_at = CASE WHEN $4 = 'WEBHOOK_GONE' OR failing_since <= now() - $10 * interval '1 ms' THEN now() END
    WHERE id = $11 AND channel = 'webhook' AND enabled AND $6 IN ('delivered', 'again', 'refused')
      AND NOT ($6 = 'delivered' AND failing_since IS NULL)
    RETURNING enabled
  )
  SELECT enabled FROM endpoint`

// Each part looks into the index of what is pending alone.
const backlogSql = `SELECT
  (SELECT count(*)::int FROM (SELECT FROM deliveries WHERE state = 'pending' LIMIT 100000) some) AS pending,
  (SELECT coalesce(extract(epoch FROM now() - min(oldest.next_attempt_at)), 0)::float8
    FROM subscriptions s CROSS JOIN LATERAL (
      SELECT next_attempt_at FROM deliveries WHERE subscription_id = s.id AND state = 'pending'
      ORDER BY next_attempt_at LIMIT 1) oldest
    WHERE s.enabled AND s.channel = ANY($1) AND (s.hold_until IS NULL OR s.hold_until <= now())) AS overdue`

/** The same on a database that the caller has checked, and closes. */
export function deliveriesOn(database: Database): Deliveries {
  const listeners = new Set<() => void>()
  const book = new CurrentBook(database)
  let nextPage: number | undefined
  return {
    database,
    subscriptions: () => book.read(),
    async queue(deliveries) {
      if (deliveries.length === 0) return 0
      const column = <Value>(read: (delivery: NewDelivery) => Value): Value[] => deliveries.map(read)
      const rows = await query(database, queueSql, [
        column(({ eventId }) => eventId),
        column(({ eventName }) => eventName),
        column(({ subscriptionId }) => subscriptionId),
        column(({ content }) => content),
        column(({ recipient }) => recipient ?? null)
      ])
      if (rows.length > 0) for (const listener of listeners) listener()
      return rows.length
    },
    async claim({ channels, busy, most, mostOfOne }) {
      const rows = await query(database, claimSql, [channels, busy, mostOfOne, most, leaseMs])
      return rows.map(asDelivery)
    },
    async record(delivery, outcome, durationMs) {
      const facts = factsOf(delivery, outcome)
      const [endpoint] = await query(database, recordSql, [
        delivery.id,
        delivery.lease,
        facts.state,
        'code' in outcome ? outcome.code : null,
        'status' in outcome ? (outcome.status ?? null) : null,
        outcome.kind,
        facts.waitMs,
        Math.round(durationMs),
        'retryAfterMs' in outcome ? (outcome.retryAfterMs ?? null) : null,
        failingMs,
        delivery.subscriptionId
      ])
      return { again: facts.state === 'pending', switchedOff: endpoint?.enabled === false }
    },
    async backlog(channels) {
      const [row] = await query(database, backlogSql, [channels])
      return { pending: Number(row?.pending ?? 0), overdueSeconds: Math.max(0, Number(row?.overdue ?? 0)) }
    },
    async prune(keepMs) {
      const chunk = await pruneChunk(database, nextPage ?? 0, keepMs)
      // Deliverers continue in different places of the table that they share.
      nextPage = nextPage === undefined ? Math.floor(chunk.pages * Math.random()) : chunk.nextPage
      return chunk.removed
    },
    onQueued(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    }
  }
}

/** ms after which a delivery is taken again whose channel was away; others may go first meanwhile. */
const unavailableMs = 5_000

function factsOf({ attempts }: Delivery, outcome: Outcome): { readonly state: string; readonly waitMs: number } {
  switch (outcome.kind) {
    case 'again': {
      const waitMs = nextAttemptMs(attempts, outcome.retryAfterMs, Math.random())
      return waitMs === undefined ? { state: 'failed', waitMs: 0 } : { state: 'pending', waitMs }
    }
    case 'unavailable':
      return { state: 'pending', waitMs: Math.round(unavailableMs * (1 + Math.random())) }
    case 'refused':
      return { state: 'failed', waitMs: 0 }
    default:
      return { state: outcome.kind, waitMs: 0 }
  }
}

const asDelivery = (row: Record<string, unknown>): Delivery => ({
  id: row.id as string,
  lease: row.lease as string,
  eventId: row.event_id as string,
  subscriptionId: row.subscription_id as string,
  channel: row.channel as Channel,
  target: row.target as string | null,
  recipient: row.recipient as string | null,
  content: row.content as string | null,
  attempts: row.attempts as number
})
