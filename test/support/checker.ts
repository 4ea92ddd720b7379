import type { TestTrail } from './trail.ts'

/** What a publisher was told is stored in Kafka. */
export interface Acknowledged {
  readonly id: string
  readonly eventName: string
  readonly payload: unknown
}

/**
 * Holds the trail against what was published: every acknowledged id is in exactly one row, nothing stands there that
 * was not published, every payload is what it was, every coordinate is accounted for once, and the ledger has neither
 * hole nor overlap and agrees with the table. @returns every violation, in words; none when all is well.
 */
export async function violations(trail: TestTrail, acknowledged: readonly Acknowledged[]): Promise<string[]> {
  const found: string[] = []
  const rows = await trail.rows('SELECT id, event_name, payload, kafka_partition, kafka_offset FROM event_envelopes')
  const byId = new Map(rows.map(row => [String(row.id), row]))
  const published = new Map(acknowledged.map(event => [event.id, event]))
  for (const [id, event] of published) {
    const row = byId.get(id)
    if (!row) found.push(`${id} was acknowledged and is not stored`)
    else if (JSON.stringify(sorted(row.payload)) !== JSON.stringify(sorted(event.payload)))
      found.push(`${id} is stored with another payload`)
  }
  for (const id of byId.keys()) if (!published.has(id)) found.push(`${id} is stored and was never published`)
  found.push(...(await coordinates(trail)), ...(await ledger(trail)))
  return found
}

/** Every offset of every log is exactly one row, duplicate, or quarantined record. */
async function coordinates(trail: TestTrail): Promise<string[]> {
  const taken = await trail.rows(
    `SELECT topic, partition, "offset", count(*)::int AS n FROM (
       SELECT $1 || event_name AS topic, kafka_partition AS partition, kafka_offset AS "offset" FROM event_envelopes
       UNION ALL SELECT topic, partition, kafka_offset FROM sink_duplicates
       UNION ALL SELECT topic, partition, kafka_offset FROM sink_quarantine
     ) AS places GROUP BY 1, 2, 3`,
    [trail.topicPrefix]
  )
  const counts = new Map(taken.map(({ topic, partition, offset, n }) => [`${topic}/${partition}@${offset}`, Number(n)]))
  const found = [...counts].filter(([, n]) => n !== 1).map(([place, n]) => `${place} is accounted for ${n} times`)
  const topics = [...(await trail.admin.topics()).keys()].filter(topic => topic.startsWith(trail.topicPrefix))
  let ends = 0
  for (const topic of topics) {
    for (const { partition, start, end } of await trail.admin.ranges(topic)) {
      ends += end - start
      for (let offset = start; offset < end; offset += 1) {
        if (!counts.has(`${topic}/${partition}@${offset}`)) found.push(`${topic}/${partition}@${offset} is nowhere`)
      }
    }
  }
  if (counts.size !== ends) found.push(`${counts.size} offsets are accounted for, Kafka has ${ends}`)
  return found
}

async function ledger(trail: TestTrail): Promise<string[]> {
  const found = (await trail.rows('SELECT * FROM sink_ledger_holes')).map(
    hole => `the ledger has a hole: ${JSON.stringify(hole)}`
  )
  const [booked] = await trail.rows(
    'SELECT coalesce(sum(rows), 0)::int AS rows, coalesce(sum(duplicates), 0)::int AS duplicates, coalesce(sum(quarantined), 0)::int AS quarantined FROM sink_ledger'
  )
  for (const [column, table] of [
    ['rows', 'event_envelopes'],
    ['duplicates', 'sink_duplicates'],
    ['quarantined', 'sink_quarantine']
  ] as const) {
    const counted = await trail.count(table)
    if (booked?.[column] !== counted)
      found.push(`the ledger says ${booked?.[column]} ${column}, ${table} has ${counted}`)
  }
  return found
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
