import type { Operation } from '../rights.ts'
import type { GroupDescription, GroupListing } from './groups.ts'
import type { CommittedOffset } from './member.ts'

/** The state of one partition as the cluster reports it. */
export interface PartitionDescription {
  readonly partition: number
  /** Kafka's protocol guide, "Error Codes"; 0: none. */
  readonly error: number
  /** Node id; -1 while the partition has none. */
  readonly leader: number
  /** How many replicas it has, and how many of them are in sync. */
  readonly replicas: number
  readonly inSync: number
}

/** The partitions of a topic, with their leaders and replicas. */
export interface TopicDescription {
  readonly topic: string
  readonly partitions: readonly PartitionDescription[]
}

export interface TopicSpec {
  readonly topic: string
  readonly partitions: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  /** Topic settings, such as `retention.ms`. */
  readonly config: Readonly<Record<string, string>>
}

/** The log of one partition: the first offset that is still there, and the one after the last that can be read. */
export interface PartitionRange {
  readonly partition: number
  readonly start: number
  readonly end: number
}

/** Where the log of a partition begins and ends, in offsets. */
export interface LogEnds {
  readonly topic: string
  readonly partition: number
  /** The first one that is still there. */
  readonly start: number
  /** One after the last that a reader of committed records gets: the last stable offset. */
  readonly end: number
  /**
   * One after the last that all in-sync replicas have. What is between `end` and this waits for an open transaction;
   * it may include acknowledged events of other producers.
   */
  readonly highWatermark: number
}

/** What waits for the end of an open transaction of a producer. */
export interface HeldBack extends Pick<LogEnds, 'topic' | 'partition'> {
  /** Where the transaction begins. */
  readonly from: number
  /** How many offsets, those of the transaction included. */
  readonly offsets: number
  /** The time of its first record, by its producer's clock; undefined where the record has no valid time. */
  readonly since: Date | undefined
}

/**
 * Questions to the cluster. Offsets are numbers: a partition would need 285 years at a million records a
 * second to pass 2^53. Every call throws `KafkaError`.
 */
export interface KafkaAdmin extends AsyncDisposable {
  /** All topics with their number of partitions, without internal ones. */
  topics(): Promise<Map<string, number>>
  /** The ids of the same topics, by name; undefined where the brokers are older than Kafka 2.8. */
  allTopicIds(): Promise<Map<string, string | undefined>>
  /**
   * Creates the topics that do not exist, waits until they take records, and returns the names of those it created.
   * Where all exist and this client sees them, it needs no right to create any.
   * @throws KafkaError `NOT_AUTHORIZED`: it lacks CREATE on a topic, or DESCRIBE on one that it created
   */
  createTopics(specs: readonly TopicSpec[]): Promise<string[]>
  /** More partitions for a topic. Keys move to other partitions: their order holds from here on only. */
  addPartitions(topic: string, total: number): Promise<void>
  deleteTopics(topics: readonly string[]): Promise<void>
  /** Partitions without a leader are left out. @throws KafkaError `TOPIC_UNKNOWN` */
  ranges(topic: string): Promise<PartitionRange[]>
  /**
   * The ends of the logs of all these topics at once, with what an open transaction holds back. Topics that do not exist
   * and partitions without a leader are left out.
   */
  logEnds(topics: readonly string[]): Promise<LogEnds[]>
  /** Of these partitions the ones in which an open transaction holds records back, and since when. */
  heldBack(ends: readonly LogEnds[]): Promise<HeldBack[]>
  /**
   * Ids of topics, as `kafka-topics` writes them; a topic that is deleted and recreated gets another one (KIP-516).
   * Topics that do not exist are left out, and all of them where the brokers are older than Kafka 2.8.
   */
  topicIds(topics: readonly string[]): Promise<Map<string, string>>
  /** Of these topics the ones that Kafka hides from this client (no DESCRIBE); others that are not listed do not exist. */
  hiddenTopics(topics: readonly string[]): Promise<string[]>
  /**
   * What this client may do with topics, by the broker's own word. Left out are topics that it does not see or that do
   * not exist, and all of them where the brokers are older than Kafka 2.8.
   */
  operations(topics: readonly string[]): Promise<Map<string, ReadonlySet<Operation>>>
  /** Committed offsets of a group by topic and partition; partitions without one are left out. */
  groupOffsets(group: string): Promise<Map<string, Map<number, number>>>
  /** The same with their metadata. */
  groupCommits(group: string): Promise<Map<string, Map<number, CommittedOffset>>>
  /** Resolves when the cluster answers. */
  ping(): Promise<void>
  /** Leaders and replicas of topics; those that do not exist are left out. */
  describeTopics(topics: readonly string[]): Promise<TopicDescription[]>
  /** How many brokers the cluster has now. */
  brokers(): Promise<number>
  /** Settings of topics, by topic and name, as they are in effect. */
  topicConfigs(topics: readonly string[], names: readonly string[]): Promise<Map<string, Map<string, string>>>
  /** A group of Kafka's newer protocol (KIP-848) looks as if it had no members. */
  describeGroup(group: string): Promise<GroupDescription>
  /** The groups of the cluster that this client may see. */
  groups(): Promise<GroupListing[]>
  /** Members of the group right now. */
  groupMembers(group: string): Promise<number>
  close(): Promise<void>
}

/** An admin that connects when it is first asked, and again after a failure. */
export interface AdminLine {
  /** @throws KafkaError `KAFKA_UNAVAILABLE` also after `close()` */
  ask<T>(question: (admin: KafkaAdmin) => Promise<T>): Promise<T>
  /**
   * What open transactions hold back in these topics now, in words for an error; none where Kafka does not answer within
   * a few seconds.
   */
  heldBackWords(topics: readonly string[]): Promise<string[]>
  close(): Promise<void>
}
