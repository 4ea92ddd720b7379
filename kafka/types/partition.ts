export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** Identifies a partition in maps. */
export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

/** The topics of partitions, each once. */
export const topicsOf = (partitions: readonly TopicPartition[]): string[] => [
  ...new Set(partitions.map(({ topic }) => topic))
]
