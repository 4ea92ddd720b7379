import { counted, describeError, few } from '../../core/index.ts'
import type { GroupDescription, KafkaAdmin, TopicDescription } from '../../kafka/index.ts'
import { type HeldBack, heldBackWords, keyOf } from '../../kafka/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { sinkProtocol } from '../../sink/index.ts'
import { type Standing, standings } from '../standing.ts'
import { type Finding, ok, warning, wrong } from './finding.ts'
import { examineSilence } from './proof.ts'
import { membersOf } from './rights.ts'

export interface LogParts {
  readonly admin: KafkaAdmin
  readonly pool: Pool
  /** Of the sinks, with the prefix. */
  readonly group: string
  /** Whether that is the group of these sinks; the findings of another one, which may be given up, are warnings. */
  readonly isOurs: boolean
  readonly topics: readonly string[]
  readonly now: Date
}

/** Holds the ends of the logs against the positions of a group. Never throws: what cannot be asked is a finding. */
export async function examineLogs(parts: LogParts): Promise<Finding[]> {
  const { admin, pool, group, topics, isOurs } = parts
  try {
    const { partitions } = await standings(parts, group, topics)
    const { described, findings: rights } = await membersOf(admin, group)
    const strangers = described ? strangersIn(group, described) : []
    const sinks = strangers.length > 0 ? 0 : described?.members.length
    const found = [
      ...rights,
      ...readFindings(parts, partitions, sinks),
      ...strangers,
      ...(await examineSilence(pool, group, partitions, sinks)),
      ...partitions.flatMap(brokenLog)
    ]
    const findings = isOurs
      ? found
      : found.map(each => (each.level === 'wrong' ? { ...each, level: 'warning' as const } : each))
    if (!isOurs) return findings.filter(({ level }) => level !== 'ok')
    return [...findings, ...(await admin.heldBack(partitions)).map(held => openTransaction(held, parts.now))]
  } catch (error) {
    return [wrong('lag', `the ends of the logs could not be compared with the trail: ${describeError(error)}`)]
  }
}

/** @param members how many sinks run; undefined where Kafka does not let this user look */
function readFindings({ group }: LogParts, partitions: readonly Standing[], members: number | undefined): Finding[] {
  const waiting = new Map<string, number>()
  for (const each of partitions)
    if (each.waiting > 0) waiting.set(each.topic, (waiting.get(each.topic) ?? 0) + each.waiting)
  const sum = [...waiting.values()].reduce((total, count) => total + count, 0)
  const known = members === 1 ? '1 sink' : `${members === 0 ? 'no' : members} sinks`
  const sinks = members === undefined ? 'it is unknown how many sinks are' : known
  if (sum === 0) return [ok('lag', `nothing waits in Kafka; ${sinks} in group ${group}`)]
  const topics = [...waiting].sort(([, one], [, other]) => other - one)
  const named = topics.map(([topic, count]) => `${topic} (${count})`)
  const words = `${sum} offsets are in Kafka and not in the trail: ${few(named, 10)}`
  return [
    members === 0
      ? wrong(
          'lag',
          `${words}. No sink of group ${group} runs, or consumers of another protocol (KIP-848) have it: start \`eventtrail sink\`, stop those`
        )
      : ok('lag', `${words}; ${sinks} in group ${group}`)
  ]
}

/** While there are others in the group of a sink, Kafka lets no sink in. */
function strangersIn(group: string, { protocol, members }: GroupDescription): Finding[] {
  if (members.length === 0 || protocol === sinkProtocol) return []
  const named = members.map(({ clientId, host }) => `${clientId} at ${host.replace(/^\//, '')}`)
  return [
    wrong(
      'group',
      `consumers that are no sinks have group ${group}: ${few(named)}. No sink can join it. Stop them, or give them another group`
    )
  ]
}

function brokenLog({ topic, partition, start, next = 0, removed, beyond, replaced, halted }: Standing): Finding[] {
  const where = keyOf({ topic, partition })
  if (removed > 0)
    return [
      wrong(
        'retention',
        `${where}: Kafka removed ${counted(removed, 'offset')} unread (${next} to ${start - 1}). The sink books them as a gap when it reads on. Set a longer retention.ms`
      )
    ]
  // What has halted already is a finding of its own.
  if (halted !== undefined) return []
  if (replaced)
    return [wrong('log', `${where}: the topic was deleted and recreated. The sink halts the partition when it notices`)]
  if (beyond > 0)
    return [
      wrong(
        'log',
        `${where} ends ${beyond} offsets before the trail's position ${next}. The sink halts the partition when it notices`
      )
    ]
  return []
}

/** Longer than this no transaction should be open: the default of transaction.timeout.ms. */
const patienceMs = 60_000

function openTransaction(held: HeldBack, now: Date): Finding {
  const { topic, partition, from, since } = held
  const words = `${heldBackWords(held)}. No reader of committed records is given them. Let its producer end it, or abort it: kafka-transactions.sh abort --topic ${topic} --partition ${partition} --start-offset ${from}`
  const isNew = since !== undefined && now.getTime() - since.getTime() < patienceMs
  return isNew ? warning('transaction', words) : wrong('transaction', words)
}

/** What of the topics' settings lets acknowledged events be lost with a broker. */
export async function examineReplicas(admin: KafkaAdmin, topics: readonly string[]): Promise<Finding[]> {
  try {
    const described = await admin.describeTopics(topics)
    const several = (await admin.brokers()) > 1
    const settings = async () => readableSettings(admin, described, several)
    return [...leaders(described), ...(await settings().catch(unread))]
  } catch (error) {
    return unread(error)
  }
}

/** What the settings say of the topics whose settings this user may read. @throws KafkaError */
async function readableSettings(
  admin: KafkaAdmin,
  described: readonly TopicDescription[],
  several: boolean
): Promise<Finding[]> {
  const operations = await admin.operations(described.map(({ topic }) => topic))
  const isHidden = ({ topic }: TopicDescription) => operations.get(topic)?.has('DESCRIBE_CONFIGS') === false
  const [hidden, readable] = [described.filter(isHidden), described.filter(each => !isHidden(each))]
  const words = `Kafka does not grant this user DESCRIBE_CONFIGS on ${listed(hidden.map(({ topic }) => topic))}: whether they are compacted, and what their settings risk, was not looked at. \`eventtrail acls doctor\` prints the commands`
  return [
    ...(hidden.length > 0 ? [warning('rights', words)] : []),
    ...(readable.length > 0 || hidden.length === 0 ? await settingsOf(admin, readable, several) : [])
  ]
}

const unread = (error: unknown): Finding[] => [
  warning('replicas', `replicas and settings of the topics could not be read: ${describeError(error)}`)
]

function leaders(described: readonly TopicDescription[]): Finding[] {
  const partitions = described.flatMap(({ topic, partitions: each }) => each.map(one => ({ topic, ...one })))
  const without = partitions.filter(({ leader }) => leader < 0).map(keyOf)
  const behind = partitions.filter(({ leader, replicas, inSync }) => leader >= 0 && inSync < replicas).map(keyOf)
  return [
    ...(without.length > 0
      ? [
          wrong(
            'replicas',
            `no broker leads ${listed(without)}: nothing is read or published there. Start the brokers that have them`
          )
        ]
      : []),
    ...(behind.length > 0
      ? [
          warning(
            'replicas',
            `${listed(behind)} have fewer replicas in sync than they should: look for brokers that are down or lagging`
          )
        ]
      : [])
  ]
}

const minInsync = 'min.insync.replicas'
const uncleanElection = 'unclean.leader.election.enable'

const cleanup = 'cleanup.policy'

async function settingsOf(
  admin: KafkaAdmin,
  described: readonly TopicDescription[],
  several: boolean
): Promise<Finding[]> {
  const names = described.map(({ topic }) => topic)
  const configs = await admin.topicConfigs(names, [minInsync, uncleanElection, cleanup])
  const compacted = names.filter(topic => configs.get(topic)?.get(cleanup)?.includes('compact'))
  return [
    ...(compacted.length > 0
      ? [
          wrong(
            'compaction',
            `${listed(compacted)} are compacted: Kafka removes all but the latest event of each aggregate, also those that were not read yet, and the ledger counts these as skipped. Set ${cleanup} to delete`
          )
        ]
      : []),
    ...(several ? replicas(described, configs) : [])
  ]
}

function replicas(
  described: readonly TopicDescription[],
  configs: Awaited<ReturnType<KafkaAdmin['topicConfigs']>>
): Finding[] {
  const names = described.map(({ topic }) => topic)
  const single = described
    .filter(({ partitions }) => partitions.some(({ replicas }) => replicas === 1))
    .map(({ topic }) => topic)
  const of = (name: string, value: string) => names.filter(topic => configs.get(topic)?.get(name) === value)
  const one = of(minInsync, '1').filter(topic => !single.includes(topic))
  const unclean = of(uncleanElection, 'true')
  const findings = [
    ...(single.length > 0
      ? [
          warning(
            'replicas',
            `${listed(single)} have one replica: with its broker all of them is lost. Add replicas: kafka-reassign-partitions.sh`
          )
        ]
      : []),
    ...(one.length > 0
      ? [
          warning(
            'replicas',
            `${listed(one)} have ${minInsync} of 1: an event that one broker alone has is acknowledged, and lost with it. Set it to 2`
          )
        ]
      : []),
    ...(unclean.length > 0
      ? [
          warning(
            'replicas',
            `${listed(unclean)} allow unclean elections: acknowledged events may be lost in one. Set ${uncleanElection} to false`
          )
        ]
      : [])
  ]
  return findings.length > 0 ? findings : [ok('replicas', 'every topic outlives one broker')]
}

const listed = (names: readonly string[]): string => few(names, 10)
