import { type Database, query } from '../../../postgres/index.ts'
import { uuidOf } from '../../../schemas/index.ts'
import { NotifierError } from '../errors.ts'
import { keyOfSecret, newSecret, type SecretBox } from '../webhooks/index.ts'
import type { Channel, Subscription } from './subscription.ts'

/** A subscription that is not there yet. */
export interface NewSubscription {
  readonly name: string
  readonly eventNames: readonly string[]
  readonly conditions: readonly string[]
  readonly channel: Channel
  readonly target: string
  /** Default: ten seconds from now, when every notifier has heard of it. */
  readonly since?: Date
}

const columns = `id, name, event_names, conditions, channel, target, enabled, disabled_code, failing_since,
  CASE WHEN isfinite(since) THEN extract(epoch FROM since) * 1000 ELSE 0 END AS since_ms`

/** All that were not removed, by name. */
export async function listSubscriptions(database: Database): Promise<readonly Subscription[]> {
  const rows = await query(database, `SELECT ${columns} FROM subscriptions WHERE removed_at IS NULL ORDER BY name`)
  return rows.map(asSubscription)
}

/** @throws NotifierError `SUBSCRIPTION_UNKNOWN` */
export async function subscriptionNamed(database: Database, name: string): Promise<Subscription> {
  const found = `SELECT ${columns} FROM subscriptions WHERE name = $1 AND removed_at IS NULL`
  const [row] = await query(database, found, [name])
  if (!row) throw unknownName(name)
  return asSubscription(row)
}

/** Whether there is a recipient of this id; it says nothing of who that is. */
export async function isRecipient(database: Database, id: string): Promise<boolean> {
  const uuid = uuidOf(id)
  return uuid !== undefined && (await query(database, 'SELECT id FROM recipients WHERE id = $1', [uuid])).length > 0
}

/**
 * Adds a subscription. That of a webhook gets a secret, which is given back this once.
 * @param box seals the secret; needed for webhooks
 * @throws NotifierError `SUBSCRIPTION_EXISTS`
 */
export async function addSubscription(
  database: Database,
  given: NewSubscription,
  box?: SecretBox
): Promise<{ readonly id: string; readonly secret: string | undefined }> {
  const id = crypto.randomUUID()
  const secret = box === undefined || given.channel !== 'webhook' ? undefined : newSecret()
  const insert = `WITH added AS (
      INSERT INTO subscriptions (id, name, event_names, conditions, channel, target, since)
      VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, now() + interval '10 s'))
      ON CONFLICT (name) WHERE removed_at IS NULL DO NOTHING RETURNING id
    ), sealed AS (
      INSERT INTO subscription_secrets (subscription_id, sealed)
      SELECT id, $8::bytea FROM added WHERE $8::bytea IS NOT NULL)
    SELECT id FROM added`
  const { name, eventNames, conditions, channel, target, since } = given
  const sealed = secret === undefined ? null : (box?.seal(secret, id) ?? null)
  const values = [id, name, eventNames, conditions, channel, target, since ?? null, sealed]
  const rows = await query(database, insert, values)
  if (rows.length === 0)
    throw new NotifierError('SUBSCRIPTION_EXISTS', `There is a subscription ${name} already: choose another name`)
  return { id, secret }
}

/**
 * Removes a subscription: nothing is queued for it any more, and what waits for it has failed. Its deliveries stay in the
 * table.
 * @throws NotifierError `SUBSCRIPTION_UNKNOWN`
 */
export async function removeSubscription(database: Database, name: string): Promise<void> {
  const remove = `WITH gone AS (
      UPDATE subscriptions SET removed_at = now(), enabled = false WHERE name = $1 AND removed_at IS NULL RETURNING id
    ), secrets AS (UPDATE subscription_secrets SET sealed = '', expires_at = now() WHERE subscription_id IN (SELECT id FROM gone)
    ), waiting AS (UPDATE deliveries SET state = 'failed', code = 'SUBSCRIPTION_UNKNOWN', lease = NULL, finished_at = now()
      WHERE state = 'pending' AND subscription_id IN (SELECT id FROM gone))
    SELECT id FROM gone`
  if ((await query(database, remove, [name])).length === 0) throw unknownName(name)
}

/** Switches a subscription on or off. What waits for it is kept. @throws NotifierError `SUBSCRIPTION_UNKNOWN` */
export async function enableSubscription(database: Database, name: string, enabled: boolean): Promise<void> {
  const change = `UPDATE subscriptions SET enabled = $2, disabled_code = NULL, failing_since = NULL, hold_until = NULL,
      disabled_at = CASE WHEN $2 THEN NULL ELSE now() END
    WHERE name = $1 AND removed_at IS NULL RETURNING id`
  if ((await query(database, change, [name, enabled])).length === 0) throw unknownName(name)
}

/**
 * Gives an endpoint another secret. Until those of before expire, each attempt is signed by all of them.
 * @param overlapMs how long those of before still sign
 * @returns the new one, this once
 * @throws NotifierError `SUBSCRIPTION_UNKNOWN`
 */
export async function rotateSecret(
  database: Database,
  { id }: Pick<Subscription, 'id'>,
  box: SecretBox,
  overlapMs: number
): Promise<string> {
  const secret = newSecret()
  const change = `WITH old AS (
      UPDATE subscription_secrets SET expires_at = least(expires_at, now() + $3 * interval '1 ms') WHERE subscription_id = $1)
    INSERT INTO subscription_secrets (subscription_id, sealed) VALUES ($1, $2)`
  await query(database, change, [id, box.seal(secret, id), overlapMs])
  return secret
}

/**
 * The keys that a webhook is signed with, the newest first.
 * @throws NotifierError `SECRET_UNREADABLE`
 */
export async function signingKeys(
  database: Database,
  subscriptionId: string,
  box: SecretBox
): Promise<readonly Buffer[]> {
  const found = `SELECT sealed FROM subscription_secrets
    WHERE subscription_id = $1 AND (expires_at IS NULL OR expires_at > now()) ORDER BY id DESC`
  const rows = await query(database, found, [subscriptionId])
  return rows.flatMap(({ sealed }) => keyOfSecret(box.open(sealed as Buffer, subscriptionId)) ?? [])
}

const unknownName = (name: string): NotifierError =>
  new NotifierError(
    'SUBSCRIPTION_UNKNOWN',
    `There is no subscription ${name}: \`eventtrail subscriptions list\` shows them`
  )

function asSubscription(row: Record<string, unknown>): Subscription {
  return {
    id: row.id as string,
    name: row.name as string,
    eventNames: row.event_names as string[],
    conditions: row.conditions as string[],
    channel: row.channel as Channel,
    target: row.target as string | null,
    sinceMs: Number(row.since_ms),
    enabled: row.enabled as boolean,
    disabledCode: row.disabled_code as string | null,
    failingSince: row.failing_since as Date | null
  }
}
