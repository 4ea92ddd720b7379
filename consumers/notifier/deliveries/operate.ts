import { type Database, query } from '../../../postgres/index.ts'

/** Which deliveries. */
export interface DeliveryFilter {
  /** Default: all. */
  readonly state?: 'pending' | 'delivered' | 'failed' | 'unwanted' | undefined
  /** Name of the subscription. */
  readonly subscription?: string | undefined
  readonly eventId?: string | undefined
  readonly code?: string | undefined
}

/** A delivery as an operator sees it: not what it says, and not to whom. */
export interface DeliveryRow {
  readonly id: string
  readonly subscription: string
  readonly channel: string
  readonly event_id: string
  readonly event_name: string | null
  readonly state: string
  readonly code: string | null
  readonly status: number | null
  readonly attempts: number
  readonly created_at: Date
  readonly next_attempt_at: Date | null
  readonly finished_at: Date | null
  /** Every attempt, the oldest first. */
  readonly tries: readonly {
    readonly started_at: string
    readonly duration_ms: number | null
    readonly result: string | null
    readonly code: string | null
    readonly status: number | null
  }[]
}

const matching = `($1::text IS NULL OR d.state = $1) AND ($2::text IS NULL OR s.name = $2)
  AND ($3::uuid IS NULL OR d.event_id = $3) AND ($4::text IS NULL OR d.code = $4)`

const valuesOf = ({ state, subscription, eventId, code }: DeliveryFilter): unknown[] => [
  state ?? null,
  subscription ?? null,
  eventId ?? null,
  code ?? null
]

/** The newest deliveries that match, with their attempts. */
export async function listDeliveries(
  database: Database,
  filter: DeliveryFilter,
  limit: number
): Promise<readonly DeliveryRow[]> {
  const rows = await query(
    database,
    `SELECT d.id::text, s.name AS subscription, s.channel, d.event_id, d.event_name, d.state, d.code, d.status, d.attempts,
      d.created_at, CASE WHEN d.state = 'pending' THEN d.next_attempt_at END AS next_attempt_at, d.finished_at,
      (SELECT coalesce(json_agg(json_build_object('started_at', a.started_at, 'duration_ms', a.duration_ms,
          'result', a.result, 'code', a.code, 'status', a.status) ORDER BY a.started_at), '[]')
        FROM delivery_attempts a WHERE a.delivery_id = d.id) AS tries
    FROM deliveries d JOIN subscriptions s ON s.id = d.subscription_id
    WHERE ${matching} ORDER BY d.id DESC LIMIT $5`,
    [...valuesOf(filter), limit]
  )
  return rows as unknown as DeliveryRow[]
}

/** Deliveries of one subscription that are queued again. */
export interface Retried {
  readonly subscription: string
  readonly count: number
  /** While it is switched off, they wait. */
  readonly enabled: boolean
  /** Why it was switched off; null where that was done by hand. */
  readonly disabledCode: string | null
}

/**
 * Sends failed deliveries again, from the beginning of the table of attempts; those of a subscription that is switched off
 * wait until it is switched on.
 * @param ids those, or all that match the filter
 */
export async function retryDeliveries(
  database: Database,
  which: { readonly ids: readonly string[] } | { readonly filter: DeliveryFilter }
): Promise<readonly Retried[]> {
  const [condition, values] =
    'ids' in which
      ? ['d.id = ANY($1::bigint[])', [which.ids]]
      : [matching, valuesOf({ ...which.filter, state: 'failed' })]
  const rows = await query(
    database,
    `WITH again AS (
      UPDATE deliveries SET state = 'pending', attempts = 0, next_attempt_at = now(), lease = NULL, finished_at = NULL
      WHERE id IN (SELECT d.id FROM deliveries d JOIN subscriptions s ON s.id = d.subscription_id
        WHERE ${condition} AND d.state = 'failed' AND s.removed_at IS NULL) RETURNING subscription_id)
    SELECT s.name AS subscription, count(*)::int AS count, s.enabled, s.disabled_code AS "disabledCode"
    FROM again JOIN subscriptions s ON s.id = subscription_id GROUP BY s.id ORDER BY s.name`,
    values
  )
  return rows as unknown as Retried[]
}
