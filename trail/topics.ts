import type { Pool } from '../postgres/index.ts'
import { type AvroSchema, eventNameOf, eventNamePattern } from '../schemas/index.ts'
import { TrailError } from './errors.ts'

/** What the trail knows of topics, for one consumer group. */
export interface TrailTopics {
  /** Topics that were read before, with the event name of each. */
  readonly read: ReadonlyMap<string, string>
  /** Topics that an operator took out. */
  readonly forgotten: ReadonlySet<string>
}

/**
 * Asks the trail which topics were read before. A database may hold the trails of several prefixes, of which one may
 * begin another: the name of an event shows which one its subject belongs to, and a position belongs to its group.
 */
export async function topicsOfTrail(pool: Pool, group: string, topicPrefix: string): Promise<TrailTopics> {
  const read = new Map<string, string>()
  const schemas = await pool.query<{ subject: string; event_name: string | null; schema: AvroSchema | null }>(
    `SELECT DISTINCT ON (subject) subject, event_name, CASE WHEN event_name IS NULL THEN schema END AS schema
     FROM sink_schemas WHERE starts_with(subject, $1) ORDER BY subject, event_name`,
    [topicPrefix]
  )
  for (const { subject, event_name, schema } of schemas.rows) {
    // Rows from before the column have it in the schema.
    const name = event_name ?? (schema === null ? undefined : eventNameOf(schema))
    if (name !== undefined && subject === `${topicPrefix}${name}-value`) read.set(topicPrefix + name, name)
  }
  // Topics of which no record was ever readable have a position alone.
  const positions = await pool.query<{ topic: string }>(
    'SELECT DISTINCT topic FROM sink_offsets WHERE consumer_group = $1 AND starts_with(topic, $2)',
    [group, topicPrefix]
  )
  for (const { topic } of positions.rows) {
    const name = topic.slice(topicPrefix.length)
    if (!read.has(topic) && eventNamePattern.test(name)) read.set(topic, name)
  }
  return { read, forgotten: await forgottenTopics(pool, group) }
}

/** Topics that are not read although registry or trail know them. */
export async function forgottenTopics(pool: Pool, group: string): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ topic: string }>(
    'SELECT topic FROM sink_forgotten WHERE consumer_group = $1 AND remembered_at IS NULL',
    [group]
  )
  return new Set(rows.map(({ topic }) => topic))
}

export interface ForgetRequest {
  readonly group: string
  readonly topic: string
  /** Kept in `sink_forgotten`. */
  readonly reason: string
}

/**
 * Takes a topic out of what a group reads: sinks that run leave it within a few seconds. What is stored stays, and so
 * does its position.
 * @throws TrailError `REQUEST_INVALID` when it is out already
 */
export async function forgetTopic(pool: Pool, { group, topic, reason }: ForgetRequest): Promise<void> {
  const { rowCount } = await pool.query(
    'INSERT INTO sink_forgotten (consumer_group, topic, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [group, topic, reason]
  )
  if (rowCount === 0) throw new TrailError('REQUEST_INVALID', `Sinks of group ${group} do not read ${topic} as it is`)
}

/**
 * Whether any sink reads a topic, as far as the trail shows: what was never read may be a name that is spelt wrongly.
 * @returns topics that the trail knows, where it does not know this one
 */
export async function unreadTopic(
  pool: Pool,
  { group, topic }: Pick<ForgetRequest, 'group' | 'topic'>,
  topicPrefix: string
): Promise<readonly string[] | undefined> {
  const { read } = await topicsOfTrail(pool, group, topicPrefix)
  return read.has(topic) ? undefined : [...read.keys()]
}

/** Lets a topic in again: it is read from where it was left. @throws TrailError `REQUEST_INVALID` when it is not out */
export async function rememberTopic(pool: Pool, { group, topic, reason }: ForgetRequest): Promise<void> {
  const { rowCount } = await pool.query(
    `UPDATE sink_forgotten SET remembered_at = now(), remembered_reason = $3
     WHERE consumer_group = $1 AND topic = $2 AND remembered_at IS NULL`,
    [group, topic, reason]
  )
  if (rowCount === 0)
    throw new TrailError(
      'REQUEST_INVALID',
      `${topic} was not taken out of what group ${group} reads: check --event, --prefix and --group`
    )
}
