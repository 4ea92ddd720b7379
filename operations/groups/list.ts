import type { PauseOrder } from '../../control/index.ts'
import { topicsOf } from '../../kafka/index.ts'
import { type GroupKind, type GroupSources, kindOf } from './kafka-side.ts'
import { looksOf } from './lag.ts'
import type { Orders } from './orders.ts'

/** A group in a list. */
export interface ListedGroup {
  readonly group: string
  readonly kind: GroupKind
  readonly state: string
  readonly members: number
  readonly lag: number
  readonly lost: number
  readonly pauses: readonly PauseOrder[]
}

/** Groups that are asked about at once. */
const atOnce = 8

/** The groups of consumers whose names begin with the prefix, and that this client may see. @throws KafkaError */
export async function listGroups({ admin, topicPrefix }: GroupSources, orders: Orders): Promise<ListedGroup[]> {
  const names = (await admin.groups())
    .filter(({ group, protocolType }) => group.startsWith(topicPrefix) && ['consumer', ''].includes(protocolType))
    .map(({ group }) => group)
    .sort()
  const found: ListedGroup[] = []
  for (let at = 0; at < names.length; at += atOnce)
    found.push(...(await Promise.all(names.slice(at, at + atOnce).map(look))))
  return found

  async function look(group: string): Promise<ListedGroup> {
    const [described, commits] = await Promise.all([admin.describeGroup(group), admin.groupCommits(group)])
    const topics = new Set([...topicsOf(described.members.flatMap(({ partitions }) => partitions)), ...commits.keys()])
    const partitions = looksOf(await admin.logEnds([...topics]), commits)
    const sum = (of: 'lag' | 'lost') => partitions.reduce((total, each) => total + each[of], 0)
    return {
      ...{ group, state: described.state, members: described.members.length },
      kind: await kindOf(admin, group, described),
      ...{ lag: sum('lag'), lost: sum('lost'), pauses: orders.of(group).pauses }
    }
  }
}
