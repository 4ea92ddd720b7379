import { compactedTopic, type TopicSpec } from '../kafka/index.ts'

// Names of events have no hyphen: no event has a topic of one of these names.
/** The topic with what the groups of a prefix shall do. */
export const controlTopicOf = (topicPrefix: string): string => `${topicPrefix}eventtrail-control`
/** The topic in which members of groups report how they are. */
export const reportsTopicOf = (topicPrefix: string): string => `${topicPrefix}eventtrail-reports`

/** The key of a group in the control topic. @param groupId as Kafka has it, with the prefix */
export const desiredKeyOf = (groupId: string): string => `group/${groupId}`

const reportsKeptMs = 3_600_000

/** How the two topics of a prefix are made. @param replicationFactor -1: the broker's default */
export function controlTopics(topicPrefix: string, replicationFactor = -1): readonly TopicSpec[] {
  const reports = {
    topic: reportsTopicOf(topicPrefix),
    partitions: 1,
    replicationFactor,
    config: {
      'cleanup.policy': 'delete',
      'retention.ms': String(reportsKeptMs),
      // Only whole segments are removed.
      'segment.ms': String(reportsKeptMs / 4)
    }
  }
  return [compactedTopic(controlTopicOf(topicPrefix), replicationFactor), reports]
}
