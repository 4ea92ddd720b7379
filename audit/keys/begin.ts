import type { Pool, Queries } from '../../postgres/index.ts'
import { maxEntryTextBytes, rowForm, type Signer } from '../../proof/index.ts'
import {
  type EntryBody,
  EntryWriter,
  inTransaction,
  type ProofRole,
  proofOrigin,
  trailKeys
} from '../../trail/index.ts'
import { AuditError } from '../errors.ts'

/** The keys that a proof begins with. */
export interface FirstSigners {
  /** Signs which keys the trail has; it is kept offline from then on. */
  readonly root: Signer
  /** Its name is that of the log. */
  readonly log: Signer
  /** Signs where the sinks were. */
  readonly operator: Signer
  /** Further keys that are added, with their roles. */
  readonly others: readonly { readonly signer: Signer; readonly role: ProofRole }[]
}

/** What came of it. */
export interface BegunProof {
  /** False: it was on before, with these keys. */
  readonly begun: boolean
  /** How many partitions sinks had read: their first stretches begin where these were. */
  readonly positions: number
}

/**
 * Turns the proof of a trail on, in one transaction: adds the keys, and records how far sinks are. No sink and no bus
 * writes meanwhile, so that every row from here on has a statement. It needs the rights of the owner of the tables.
 * @param topicPrefix of all topics and groups of the trail
 * @throws AuditError `PROOF_ON`, `PREFIX_MIXED`; a database error, `55P03` where a writer does not end within the time for locks
 */
export async function beginProof(pool: Pool, keys: FirstSigners, topicPrefix: string): Promise<BegunProof> {
  const { root, log, operator, others } = keys
  const origin = log.name
  const added = [{ signer: log, role: 'log' as const }, { signer: operator, role: 'operator' as const }, ...others]
    .map(({ signer, role }) => ({ key: signer.vkey, role }))
    .sort((one, other) => Buffer.from(one.key).compare(Buffer.from(other.key)))
  return inTransaction(pool, async client => {
    // In the order in which sinks take them.
    await client.query('LOCK TABLE sink_offsets IN SHARE ROW EXCLUSIVE MODE')
    await client.query('LOCK TABLE ONLY event_envelopes IN SHARE ROW EXCLUSIVE MODE')
    const known = await proofOrigin(client)
    if (known !== undefined) {
      const { roles } = await trailKeys(client)
      if (known === origin && added.every(({ key, role }) => roles.get(key) === role))
        return { begun: false, positions: 0 }
      throw new AuditError(
        'PROOF_ON',
        `The trail is proved already, by the log ${known}${known === origin ? ' with other keys' : ''}`
      )
    }
    await requireOnePrefix(client, topicPrefix)
    // No row that is there was recorded later.
    await client.query('INSERT INTO proof_settings (origin, began_at) VALUES ($1, clock_timestamp())', [origin])
    await new EntryWriter(client, { origin, signer: root }).add({ kind: 'key', add: added, revoke: [] })
    const writer = new EntryWriter(client, { origin, signer: operator })
    const groups = await positionsByGroup(client)
    for (const [group, positions] of groups)
      for (const part of partsOf(positions))
        await writer.add({
          ...{ kind: 'adopted', group, prefix: topicPrefix, form: rowForm },
          ...{ block: [], bus: [], position: part }
        })
    return { begun: true, positions: groups.reduce((sum, [, positions]) => sum + positions.length, 0) }
  })
}

/** @throws AuditError `PREFIX_MIXED` */
async function requireOnePrefix(client: Queries, prefix: string): Promise<void> {
  const { rows } = await client.query<{ topic: string; group: string }>(
    `SELECT topic, consumer_group AS "group" FROM sink_offsets
     WHERE NOT (starts_with(topic, $1) AND starts_with(consumer_group, $1)) LIMIT 1`,
    [prefix]
  )
  const [other] = rows
  if (other)
    throw new AuditError(
      'PREFIX_MIXED',
      `The group ${other.group} has read the topic ${other.topic}, and one of them does not begin with the topic prefix "${prefix}"`
    )
}

type Position = Extract<EntryBody, { kind: 'adopted' }>['position'][number]

async function positionsByGroup(client: Queries): Promise<[group: string, positions: Position[]][]> {
  const { rows } = await client.query<
    { group: string; topic: string; next: string } & Omit<Position, 'topic' | 'next'>
  >(
    `SELECT consumer_group AS "group", topic, partition, incarnation, next_offset AS next FROM sink_offsets
     ORDER BY consumer_group COLLATE "C", topic COLLATE "C", partition`
  )
  const groups = Map.groupBy(rows, ({ group }) => group)
  return [...groups].map(([group, all]) => [
    group,
    all.map(({ topic, partition, incarnation, next }) => ({ topic, partition, incarnation, next: Number(next) }))
  ])
}

// The longest line: a topic of 249 letters and three numbers.
const mostInEntry = Math.floor(maxEntryTextBytes / 2 / 300)

function partsOf<T>(all: readonly T[]): (readonly T[])[] {
  const parts: (readonly T[])[] = []
  for (let from = 0; from < all.length; from += mostInEntry) parts.push(all.slice(from, from + mostInEntry))
  return parts
}

/** How many sessions of sinks and buses are connected: each may have been started without a key. */
export async function connectedWriters(queries: Queries): Promise<number> {
  const { rows } = await queries.query<{ n: string }>(
    `SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database()
       AND (starts_with(application_name, 'eventtrail-sink') OR starts_with(application_name, 'eventtrail-bus'))`
  )
  return Number(rows[0]?.n)
}
