import type { TopicPartition } from './partition.ts'

/** A member of a consumer group, as the group's coordinator describes it. */
export interface GroupMember {
  readonly clientId: string
  /** The address that its connection comes from. */
  readonly host: string
  /** What it says about itself ({@link GroupConsumerOptions.about}); empty where it says nothing, or is no consumer. */
  readonly about: Buffer
  /** What it wants to read, and what it was given; none while the group is between two generations. */
  readonly topics: readonly string[]
  readonly partitions: readonly TopicPartition[]
}

/** The members that a consumer group has now. */
export interface GroupDescription {
  /** By Kafka's names: `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Empty`, `Dead`; '' where it is not known. */
  readonly state: string
  /** What its members agreed on: names the kind of them. Empty where there is none. */
  readonly protocol: string
  readonly members: readonly GroupMember[]
}

/** A group that the cluster has. */
export interface GroupListing {
  readonly group: string
  /** `consumer` for groups of consumers. */
  readonly protocolType: string
}
