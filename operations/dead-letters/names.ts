import {
  deadLetterHeaders,
  deadLetterTopicOf,
  parkedTopicOf,
  redriveHeaders,
  redriveTopicOf
} from '../../consumers/index.ts'

/** Headers that are read of a dead letter, and those that a redriven one has besides. */
export const letterHeaders = {
  ...deadLetterHeaders,
  redriveOf: redriveHeaders.of,
  redriveAction: redriveHeaders.action,
  redriveCount: redriveHeaders.count,
  redriveEnd: redriveHeaders.end,
  replayAction: redriveHeaders.replay
} as const

/** A group, as its operators name it. */
export interface GroupName {
  readonly topicPrefix: string
  /** Without the prefix. */
  readonly group: string
}

/** What the parts of a group are called in Kafka. */
export const groupTopics = ({ topicPrefix, group }: GroupName) => topicsOfGroup(topicPrefix + group)

/** The same of a group as Kafka has it, with the prefix. */
export function topicsOfGroup(groupId: string) {
  const deadLetters = deadLetterTopicOf('', groupId)
  return { groupId, deadLetters, redrive: redriveTopicOf(deadLetters), parked: parkedTopicOf(deadLetters) } as const
}

/** What one action of a group at a time may write to: its redrive topic and the states of its letters. */
export const exclusiveOf = (groupId: string): string => `dead letters of ${groupId}`
