/** A member of a consumer group and the topics it subscribes to. */
export interface GroupMember {
  readonly memberId: string
  readonly topics: readonly string[]
}

/** Member → topic → partitions. */
export type Assignment = Map<string, Map<string, number[]>>

/**
 * Deals partitions so that each goes to a member that subscribes to its topic, and the loads differ as little
 * as the subscriptions allow. kafkajs's own assigner gives the leader's topics to all members: while the members'
 * lists differ (a topic was just created), partitions then belong to a member that does not read them.
 * Pure and deterministic: any leader deals the same.
 */
export function assignPartitions(
  members: readonly GroupMember[],
  partitionsOf: (topic: string) => readonly number[]
): Assignment {
  const assignment: Assignment = new Map(members.map(({ memberId }) => [memberId, new Map()]))
  const load = new Map(members.map(({ memberId }) => [memberId, 0]))
  const ordered = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
  const topics = [...new Set(members.flatMap(member => member.topics))].sort()
  const readersOf = new Map(topics.map(topic => [topic, [] as string[]]))
  // By the member, not by the topic: there may be thousands of topics.
  for (const { memberId, topics: own } of ordered)
    for (const topic of new Set(own)) readersOf.get(topic)?.push(memberId)
  // A topic that only one member can take goes first; what many can take then evens the loads out.
  for (const [topic, readers] of [...readersOf].sort(([, a], [, b]) => a.length - b.length)) {
    for (const partition of [...partitionsOf(topic)].sort((a, b) => a - b)) {
      const reader = readers.reduce((least, each) => ((load.get(each) ?? 0) < (load.get(least) ?? 0) ? each : least))
      load.set(reader, (load.get(reader) ?? 0) + 1)
      const byTopic = assignment.get(reader)
      const own = byTopic?.get(topic)
      if (own) own.push(partition)
      else byTopic?.set(topic, [partition])
    }
  }
  return assignment
}
