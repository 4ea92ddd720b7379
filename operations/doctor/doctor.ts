import { counted, describeError, readOnly } from '../../core/index.ts'
import { isConnectionRefusal, type KafkaAdmin } from '../../kafka/index.ts'
import type { Pool, PooledSession } from '../../postgres/index.ts'
import { type Migrations, migrationStatus, unavailable } from '../../postgres/index.ts'
import { type Registry, RegistryError } from '../../schemas/index.ts'
import { Discovery } from '../../sink/index.ts'
import {
  blockerWords,
  defaultGroup,
  doctorSessions,
  explainHalt,
  type FaultTotal,
  type HaltedPartition,
  listBlockers,
  listHalted,
  monthsAhead,
  type QuarantineTotal,
  type RowsInDefault,
  remedyOf,
  requireFitPostgres,
  rowsInDefault,
  sumAcceptedGaps,
  sumLedgerFaults,
  sumQuarantine,
  topicsByGroup,
  unknownGroup
} from '../../trail/index.ts'
import { examineAdditions } from './additions.ts'
import { type Finding, ok, warning, wrong } from './finding.ts'
import { examineLogs, examineReplicas } from './logs.ts'
import { examineProof } from './proof.ts'
import { examineRescue } from './rescue.ts'
import { examineRights } from './rights.ts'
import { compareTopics, hiddenOf, type KnownTopics } from './topics.ts'

export type { Finding } from './finding.ts'

export interface DoctorParts {
  readonly brokers: readonly string[]
  readonly connectKafka: () => Promise<KafkaAdmin>
  readonly registry: Registry
  readonly pool: Pool
  /** What is wrong with the way to Postgres, in words. */
  readonly exposed?: string | undefined
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
  if (database.migrated)
    findings.push(
      ...(await examineLocks(parts)),
      ...(await examineRescue(parts.pool)),
      ...(await examineTrail(parts)),
      ...(await examineProof(parts.pool))
    )
  return findings
}

/** What went wrong as a sentence, and after it what to look at. */
function withAdvice(error: unknown, advice: string): string {
  const what = describeError(error)
  // It says itself which setting to look at.
  if (isConnectionRefusal(error)) return what
  return `${/[.?!]$/.test(what) ? what : `${what}.`} ${advice}`
}

function registryWords(error: unknown): string {
  const isOutage = error instanceof RegistryError && error.code === 'REGISTRY_UNAVAILABLE'
  // The words of other errors name the setting, and so do those of some outages.
  return isOutage && !error.message.includes('SCHEMA_REGISTRY_')
    ? withAdvice(error, 'Check SCHEMA_REGISTRY_URL and that the registry runs')
    : describeError(error)
}

async function examineBroker({ connectKafka, brokers }: DoctorParts, known: KnownTopics | undefined) {
  try {
    await using admin = await connectKafka()
    const topics = await admin.topics()
    const hidden = await hiddenOf(admin, known?.wanted ?? [], topics)
    const visible = (known?.wanted ?? []).filter(topic => topics.has(topic))
    return {
      findings: [
        ok('kafka', `reached ${brokers.join(', ')}, ${counted(topics.size, 'topic')}`),
        ...(await examineRights(admin, visible))
      ],
      topics,
      hidden
    }
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
        ? ok('registry', `reached, ${counted(registered, 'event')} registered`)
        : warning('registry', `reached, no event is registered${under}: run \`eventtrail schemas register\``)
    return { findings: [finding], known: { wanted, discovered } }
  } catch (error) {
    return {
      findings: [wrong('registry', registryWords(error))]
    }
  }
}

async function examineDatabase({ pool, exposed, migrations }: DoctorParts) {
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
      writable ? ok('database', 'reached') : wrong('database', `reached, but it ${readOnly}`),
      ...(exposed === undefined ? [] : [warning('database', exposed)])
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
    const readBy = await topicsByGroup(pool, topicPrefix)
    const known = [...readBy.keys()].sort()
    const wanted = topicPrefix + (group ?? defaultGroup)
    const ours = group !== undefined || known.includes(wanted) || known.length === 0 ? [wanted] : known
    const forgotten = new Set(events?.discovered.forgotten)
    const read = [...readBy.values()].flat().filter(topic => !forgotten.has(topic))
    const topics = [...new Set([...(events?.wanted ?? []), ...read])].sort()
    await using admin = await connectKafka()
    const findings = await examineReplicas(admin, topics)
    for (const each of new Set([...ours, ...known])) {
      const isOurs = ours.includes(each)
      // What another group has never read, it was not meant to read.
      const its = isOurs ? topics : (readBy.get(each) ?? [])
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

function inDefault({ timed, untimed, oldestMonth: month = '' }: RowsInDefault): Finding[] {
  if (timed + untimed === 0) return [ok('default', 'no rows in the DEFAULT partition')]
  return [
    ...(timed > 0
      ? [
          warning(
            'default',
            `${timed} in the DEFAULT partition: their ids carry the time of a month that has no partition, the oldest ${month}. Where that is right, \`eventtrail migrate --from-month ${month}\` makes partitions from there on, and \`eventtrail retention drop\` drops those of a month that was dropped before; where it is not, their producer makes wrong ids, and they stay there`
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

function bookFault({ what, records }: FaultTotal): Finding {
  return what.startsWith('removed')
    ? wrong(
        'gaps',
        `${records} offsets were ${what}: SELECT * FROM sink_gaps. Once you know why, \`eventtrail sink accept-gap\``
      )
    : wrong('ledger', `${records} times: ${what}. SELECT * FROM sink_ledger_faults`)
}

/** Groups that read the same topics hold the same records, each for itself. */
function heldWords(groups: readonly QuarantineTotal[]): string {
  const sum = groups.reduce((total, { records }) => total + records, 0)
  const each = groups.map(({ group, records }) => `${records} by group ${group}`).join(', ')
  return `${counted(sum, 'record')} held${groups.length > 1 ? ` (${each})` : ''}`
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
  try {
    const months = await monthsAhead(pool, new Date())
    const misplaced = await rowsInDefault(pool)
    const held = (await sumQuarantine(pool)).filter(
      ({ group, status }) => status === 'held' && group.startsWith(topicPrefix)
    )
    const halted = await listHalted(pool)
    const faults = await sumLedgerFaults(pool)
    const accepted = await sumAcceptedGaps(pool)
    return [
      months >= 2
        ? ok('partitions', `there for this month and ${months - 1} more`)
        : wrong(
            'partitions',
            `there for ${counted(months, 'month')} from this one on: run \`eventtrail migrate\` as the owner of the tables, about once a month; a sink of that role does so by itself`
          ),
      ...inDefault(misplaced),
      held.length === 0
        ? ok('quarantine', 'nothing held')
        : warning('quarantine', `${heldWords(held)}: \`eventtrail quarantine list\``),
      ...haltLines(halted, topicPrefix).map(words => wrong('halted', words)),
      ...(faults.length === 0 ? [ok('ledger', 'agrees with itself and with the other tables of the trail')] : []),
      ...faults.map(bookFault),
      ...(await examineAdditions(pool)),
      ...(accepted.offsets > 0
        ? [ok('gaps', `${accepted.offsets} offsets in gaps that were accepted: SELECT * FROM sink_gaps`)]
        : [])
    ]
  } catch (error) {
    return [wrong('trail', describeError(error))]
  }
}
