import { describeError, readOnly } from '../../core/index.ts'
import type { KafkaAdmin } from '../../kafka/index.ts'
import type { Pool, PooledSession } from '../../postgres/index.ts'
import { type Migrations, migrationStatus, unavailable } from '../../postgres/index.ts'
import type { Registry } from '../../schemas/index.ts'
import { Discovery } from '../../sink/index.ts'
import {
  blockerWords,
  defaultGroup,
  doctorSessions,
  explainHalt,
  type HaltedPartition,
  listBlockers,
  monthsAhead,
  remedyOf,
  requireFitPostgres,
  unknownGroup
} from '../../trail/index.ts'
import { examineAdditions } from './additions.ts'
import { type Finding, ok, warning, wrong } from './finding.ts'
import { examineLogs, examineReplicas } from './logs.ts'
import { compareTopics, hiddenOf, type KnownTopics } from './topics.ts'

export type { Finding } from './finding.ts'

export interface DoctorParts {
  readonly brokers: readonly string[]
  readonly connectKafka: () => Promise<KafkaAdmin>
  readonly registry: Registry
  readonly pool: Pool
  readonly migrations: readonly Migrations[]
  readonly topicPrefix: string
  /** Of the sinks, without the prefix. Default: `sink`, or those that the trail has where that one has read nothing. */
  readonly group?: string | undefined
}

/** Looks at everything that the pipeline depends on. Never throws: what cannot be asked is a finding. */
export async function examine(parts: DoctorParts): Promise<Finding[]> {
  const registry = await examineRegistry(parts)
  const broker = await examineBroker(parts, registry.known)
  const database = await examineDatabase(parts)
  const findings = [...broker.findings, ...registry.findings, ...database.findings]
  if (broker.topics && registry.known) findings.push(...compareTopics(registry.known, broker.topics, broker.hidden))
  if (broker.topics && database.migrated) findings.push(...(await examineReading(parts, registry.known)))
  if (database.migrated) findings.push(...(await examineLocks(parts)), ...(await examineTrail(parts)))
  return findings
}

/** What went wrong as a sentence, and after it what to look at. */
function withAdvice(error: unknown, advice: string): string {
  const what = describeError(error)
  return `${/[.?!]$/.test(what) ? what : `${what}.`} ${advice}`
}

async function examineBroker({ connectKafka, brokers }: DoctorParts, known: KnownTopics | undefined) {
  try {
    await using admin = await connectKafka()
    const topics = await admin.topics()
    const hidden = await hiddenOf(admin, known?.wanted ?? [], topics)
    return { findings: [ok('kafka', `reached ${brokers.join(', ')}, ${topics.size} topics`)], topics, hidden }
  } catch (error) {
    return {
      findings: [wrong('kafka', withAdvice(error, 'Check KAFKA_BROKERS and that a broker listens there'))]
    }
  }
}

async function examineRegistry({ registry, pool, topicPrefix }: DoctorParts) {
  try {
    await registry.ping()
    const group = topicPrefix + defaultGroup
    // What is wrong with the database is another finding.
    const discovery = new Discovery({ registry, pool, group, topicPrefix, isTrailOptional: true })
    const wanted = await discovery.topics()
    await discovery.relooked()
    const { discovered } = discovery
    const registered = wanted.length - discovered.gone.length
    const under = topicPrefix === '' ? '' : ` under the prefix ${topicPrefix}`
    const finding =
      registered > 0
        ? ok('registry', `reached, ${registered} events registered`)
        : warning('registry', `reached, no event is registered${under}: run \`eventtrail schemas register\``)
    return { findings: [finding], known: { wanted, discovered } }
  } catch (error) {
    return {
      findings: [wrong('registry', withAdvice(error, 'Check SCHEMA_REGISTRY_URL and that the registry runs'))]
    }
  }
}

async function examineDatabase({ pool, migrations }: DoctorParts) {
  let client: PooledSession
  try {
    client = await pool.connect()
  } catch (error) {
    return {
      findings: [wrong('database', describeError(unavailable(error)))],
      migrated: false
    }
  }
  try {
    const shown = await client.query<{ transaction_read_only: string }>('SHOW transaction_read_only')
    const writable = shown.rows[0]?.transaction_read_only === 'off'
    const fault = await requireFitPostgres(pool, doctorSessions).catch((error: unknown) => error)
    const findings = [
      ...(fault === undefined ? [] : [wrong('database', describeError(fault))]),
      writable ? ok('database', 'reached') : wrong('database', `reached, but it ${readOnly}`)
    ]
    let migrated = true
    for (const each of migrations) {
      const status = await migrationStatus(client, each)
      if (each.optional && status.applied === 0) {
        const command = `eventtrail migrate --with ${each.component}`
        findings.push(ok('migrations', `${each.component}: not set up; \`${command}\` creates its tables`))
      } else if (status.pending.length > 0) {
        findings.push(
          wrong(
            'migrations',
            `${status.component}: ${status.pending.join(', ')} not applied: run \`eventtrail migrate\``
          )
        )
        if (each.component === 'trail') migrated = false
      } else findings.push(ok('migrations', `${status.component}: ${status.applied} applied`))
    }
    return { findings, migrated }
  } catch (error) {
    return { findings: [wrong('migrations', describeError(error))], migrated: false }
  } finally {
    client.release()
  }
}

/** Whether what is in Kafka comes into the trail. */
async function examineReading(
  { connectKafka, pool, topicPrefix, group }: DoctorParts,
  events: KnownTopics | undefined
): Promise<Finding[]> {
  const now = new Date()
  try {
    const { rows } = await pool.query<{ group: string; topic: string }>(
      `SELECT DISTINCT consumer_group AS "group", topic FROM sink_offsets WHERE starts_with(consumer_group, $1)`,
      [topicPrefix]
    )
    const known = [...new Set(rows.map(row => row.group))].sort()
    const wanted = topicPrefix + (group ?? defaultGroup)
    const ours = group !== undefined || known.includes(wanted) || known.length === 0 ? [wanted] : known
    const forgotten = new Set(events?.discovered.forgotten)
    const read = rows.map(({ topic }) => topic).filter(topic => !forgotten.has(topic))
    const topics = [...new Set([...(events?.wanted ?? []), ...read])].sort()
    await using admin = await connectKafka()
    const findings = await examineReplicas(admin, topics)
    for (const each of new Set([...ours, ...known])) {
      const isOurs = ours.includes(each)
      // What another group has never read, it was not meant to read.
      const its = isOurs ? topics : rows.filter(row => row.group === each).map(({ topic }) => topic)
      const unknown =
        group !== undefined && isOurs && known.length > 0 ? unknownGroup(each, known, topicPrefix) : undefined
      if (unknown !== undefined) findings.push(wrong('group', unknown))
      else findings.push(...(await examineLogs({ admin, pool, group: each, isOurs, topics: its, now })))
    }
    return findings
  } catch (error) {
    return [wrong('lag', `the trail could not be compared with Kafka: ${describeError(error)}`)]
  }
}

/** A line for the partitions of a topic that one command resumes. */
function haltLines(halts: readonly HaltedPartition[], topicPrefix: string): string[] {
  const alike = Map.groupBy(halts, ({ group, topic, halted }) => JSON.stringify([group, topic, halted]))
  return [...alike.values()].map(partitions => {
    const [halt] = partitions as [HaltedPartition]
    const { topic, group, halted } = halt
    const remedy = remedyOf(halt, topicPrefix, partitions.length > 1)
    const numbers = partitions.map(({ partition }) => partition).join(', ')
    return `${topic}/${numbers} of group ${group}: ${halted}, ${explainHalt(halted)}. ${remedy}`
  })
}

/** The month of the time that an id of version 7 carries: the first 48 bits are its ms since 1970. */
const monthOfId = (id: string): string =>
  new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toISOString().slice(0, 7)

function inDefault(timed: number, untimed: number, oldest: string | null): Finding[] {
  const month = oldest === null ? '' : monthOfId(oldest)
  if (timed + untimed === 0) return [ok('default', 'no rows in the DEFAULT partition')]
  return [
    ...(timed > 0
      ? [
          warning(
            'default',
            `${timed} in the DEFAULT partition: their ids carry the time of a month that has no partition, the oldest ${month}. Where that is right, \`eventtrail migrate --from-month ${month}\` makes partitions from there on; where it is not, their producer makes wrong ids, and they stay there`
          )
        ]
      : []),
    ...(untimed > 0
      ? [
          warning(
            'default',
            `${untimed} in the DEFAULT partition have ids of other versions than 7, which carry no time: they stay there, no partition of a month helps. Their producer should make UUIDs of version 7`
          )
        ]
      : [])
  ]
}

function bookFault({ what, records }: { readonly what: string; readonly records: string }): Finding {
  return what.startsWith('removed')
    ? wrong(
        'gaps',
        `${records} offsets were ${what}: SELECT * FROM sink_gaps. Once you know why, \`eventtrail sink accept-gap\``
      )
    : wrong('ledger', `${records} times: ${what}. SELECT * FROM sink_ledger_faults`)
}

/** Groups that read the same topics hold the same records, each for itself. */
function heldWords(groups: readonly { readonly group: string; readonly n: string }[]): string {
  const sum = groups.reduce((total, { n }) => total + Number(n), 0)
  const each = groups.map(({ group, n }) => `${n} by group ${group}`).join(', ')
  return `${sum} records held${groups.length > 1 ? ` (${each})` : ''}`
}

/** Asked before the trail, which may be locked. */
async function examineLocks({ pool }: DoctorParts): Promise<Finding[]> {
  try {
    const blockers = await listBlockers(pool)
    return blockers.map(blocker =>
      wrong(
        'locks',
        `a sink waits for a lock: ${blockerWords(blocker)}. Let it end, or SELECT pg_terminate_backend(${blocker.session})`
      )
    )
  } catch (error) {
    return [wrong('locks', describeError(error))]
  }
}

async function examineTrail({ pool, topicPrefix }: DoctorParts): Promise<Finding[]> {
  const number = async (sql: string) => Number((await pool.query<{ n: string }>(sql)).rows[0]?.n ?? 0)
  try {
    const months = await monthsAhead(pool, new Date())
    // The version is the first digit of the third group.
    const misplaced = await pool.query<{ timed: string; untimed: string; oldest: string | null }>(
      `SELECT count(*) FILTER (WHERE substr(id::text, 15, 1) = '7') AS timed,
         count(*) FILTER (WHERE substr(id::text, 15, 1) <> '7') AS untimed,
         min(id::text) FILTER (WHERE substr(id::text, 15, 1) = '7') AS oldest
       FROM event_envelopes_default`
    )
    const held = await pool.query<{ group: string; n: string }>(
      `SELECT consumer_group AS "group", sum(coalesce(kafka_last_offset, kafka_offset) - kafka_offset + 1) AS n
       FROM sink_quarantine WHERE status = 'held' AND starts_with(consumer_group, $1) GROUP BY 1 ORDER BY 1`,
      [topicPrefix]
    )
    const halted = await pool.query<HaltedPartition>(
      `SELECT consumer_group AS "group", topic, partition, halted FROM sink_offsets
       WHERE halted IS NOT NULL ORDER BY consumer_group, topic, partition`
    )
    const faults = await pool.query<{ what: string; records: string }>(
      'SELECT what, sum(records) AS records FROM sink_ledger_faults GROUP BY what ORDER BY what'
    )
    const accepted = await number(
      'SELECT coalesce(sum(last_offset - first_offset + 1), 0) AS n FROM sink_gaps WHERE accepted_at IS NOT NULL'
    )
    return [
      months >= 2
        ? ok('partitions', `there for this month and ${months - 1} more`)
        : wrong('partitions', `${months} months ahead: run \`eventtrail migrate\`, or start a sink`),
      ...inDefault(
        Number(misplaced.rows[0]?.timed),
        Number(misplaced.rows[0]?.untimed),
        misplaced.rows[0]?.oldest ?? null
      ),
      held.rows.length === 0
        ? ok('quarantine', 'nothing held')
        : warning('quarantine', `${heldWords(held.rows)}: \`eventtrail quarantine list\``),
      ...haltLines(halted.rows, topicPrefix).map(words => wrong('halted', words)),
      ...(faults.rows.length === 0 ? [ok('ledger', 'agrees with itself and with the other tables of the trail')] : []),
      ...faults.rows.map(bookFault),
      ...(await examineAdditions(pool)),
      ...(accepted > 0 ? [ok('gaps', `${accepted} offsets in gaps that were accepted: SELECT * FROM sink_gaps`)] : [])
    ]
  } catch (error) {
    return [wrong('trail', describeError(error))]
  }
}
