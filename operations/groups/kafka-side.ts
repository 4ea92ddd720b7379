import { type MemberReport, parseIdentity, parseReport, reportsTopicOf } from '../../control/index.ts'
import {
  type GroupDescription,
  type KafkaAdmin,
  KafkaError,
  keyOf,
  type LogReader,
  topicsOf
} from '../../kafka/index.ts'
import { topicsOfGroup } from '../dead-letters/index.ts'
import type { SeenMember } from './applied.ts'
import { looksOf, lossInMs, type PartitionLook } from './lag.ts'

/** How a command reaches the cluster. */
export interface GroupSources {
  readonly admin: KafkaAdmin
  readonly reader: LogReader
  readonly topicPrefix: string
}

/** Whose members a group has: those of a service's handlers, of a sink, or of another program. */
export type GroupKind = 'handlers' | 'sink' | 'other'

/** A group at one moment. */
export interface GroupLook {
  /** As Kafka has it, with the prefix. */
  readonly group: string
  readonly kind: GroupKind
  /** By Kafka's names. */
  readonly state: string
  readonly members: readonly SeenMember[]
  readonly partitions: readonly PartitionLook[]
}

const protocols: Readonly<Record<string, GroupKind>> = {
  'eventtrail-subscribers-only': 'handlers',
  'eventtrail-sink': 'sink'
}

/** Reports are written every five seconds. */
const reportsOfMs = 30_000

/** @throws KafkaError */
export async function lookAtGroup(sources: GroupSources, group: string): Promise<GroupLook> {
  const { admin } = sources
  const [described, commits, reports] = await Promise.all([
    admin.describeGroup(group),
    admin.groupCommits(group),
    reportsOf(sources, group)
  ])
  const wanted = new Set([...described.members.flatMap(({ topics }) => topics), ...commits.keys()])
  const ends = await admin.logEnds([...wanted])
  return {
    ...{ group, state: described.state },
    members: seenIn(described, reports),
    kind: await kindOf(admin, group, described),
    partitions: looksOf(ends, commits)
  }
}

/** @throws KafkaError */
export async function membersOf(sources: GroupSources, group: string): Promise<readonly SeenMember[]> {
  return seenIn(await sources.admin.describeGroup(group), await reportsOf(sources, group))
}

const seenIn = ({ members }: GroupDescription, reports: ReadonlyMap<string, MemberReport>): SeenMember[] =>
  members.map(({ clientId, host, about, partitions }) => {
    const identity = parseIdentity(about)
    return { clientId, address: host, identity, partitions, report: identity && reports.get(identity.member) }
  })

/**
 * Kafka names the protocol of a group only while the group is stable. While it has no members, or waits for one of them, the
 * dead letters are a sign, and then the names of the clients.
 */
export async function kindOf(
  admin: KafkaAdmin,
  group: string,
  { protocol, members }: GroupDescription
): Promise<GroupKind> {
  if (protocol !== '') return protocols[protocol] ?? 'other'
  if ((await admin.describeTopics([topicsOfGroup(group).deadLetters])).length > 0) return 'handlers'
  const clients = members.map(({ clientId }) => clientId)
  if (clients.includes('eventtrail-sink')) return 'sink'
  return clients.some(client => client.startsWith('eventtrail-')) ? 'handlers' : 'other'
}

/** The latest report of each member, by its name; none where there is no topic for them, or it may not be read. */
export async function reportsOf(
  { reader, topicPrefix }: GroupSources,
  group: string
): Promise<ReadonlyMap<string, MemberReport>> {
  const source = { topic: reportsTopicOf(topicPrefix), partition: 0 }
  const found = new Map<string, MemberReport>()
  try {
    const starts = await reader.offsetsAt([source], new Date(Date.now() - reportsOfMs))
    for (let next = starts.get(keyOf(source)) ?? 0, end = next + 1; next < end; ) {
      const page = await reader.page(source, next)
      for (const { value } of page.records) {
        const report = value && parseReport(value)
        if (report?.group === group) found.set(report.member, report)
      }
      if (page.next === next) break
      ;({ next, end } = page)
    }
  } catch (error) {
    const isExpected = error instanceof KafkaError && unreadable.includes(error.code)
    if (!isExpected) throw error
  }
  return found
}
const unreadable: readonly string[] = ['TOPIC_UNKNOWN', 'NOT_AUTHORIZED', 'OFFSET_OUT_OF_RANGE']

/** When retention removes what, as far as it can be known. */
export interface Loss {
  /** ms, by `keyOf`; partitions that are not in danger are left out. */
  readonly inMs: ReadonlyMap<string, number>
  /** Whether settings of topics may be read; else nothing is known. */
  readonly isKnown: boolean
}

/** Each is a request of its own. */
const mostLookedAt = 100

/** For the partitions that lag most. @throws KafkaError */
export async function lossOf({ admin, reader }: GroupSources, partitions: readonly PartitionLook[]): Promise<Loss> {
  const lagging = partitions.filter(({ lag }) => lag > 0).toSorted((one, other) => other.lag - one.lag)
  const looked = lagging.slice(0, mostLookedAt)
  const settings = await admin
    .topicConfigs(topicsOf(looked), ['retention.ms', 'cleanup.policy'])
    .catch((error: unknown) => {
      if (error instanceof KafkaError && error.code === 'NOT_AUTHORIZED') return undefined
      throw error
    })
  const inMs = new Map<string, number>()
  for (const look of looked) {
    const { topic, partition, committed, start } = look
    const ofTopic = settings?.get(topic)
    const removes = ofTopic?.get('cleanup.policy')?.includes('delete') ?? false
    const retentionMs = removes ? Number(ofTopic?.get('retention.ms')) : undefined
    if (retentionMs === undefined || retentionMs < 0) continue
    const oldestUnread = await timeAt(reader, { topic, partition }, Math.max(committed ?? start, start))
    const ms = lossInMs(look, { oldestUnread, retentionMs, now: Date.now() })
    if (ms !== undefined) inMs.set(keyOf(look), ms)
  }
  return { inMs, isKnown: settings !== undefined }
}

/** When the first record from an offset on was written, ms since 1970. */
async function timeAt(
  reader: LogReader,
  source: { readonly topic: string; readonly partition: number },
  offset: number
): Promise<number | undefined> {
  try {
    const { records } = await reader.page(source, offset, { maxRecords: 1, maxBytes: 64 * 1024 })
    return records[0]?.timestamp
  } catch (error) {
    if (error instanceof KafkaError && unreadable.includes(error.code)) return undefined
    throw error
  }
}
