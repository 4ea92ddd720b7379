/** How to reach a Kafka that asks for more than a TCP connection. */
export interface KafkaSecurity {
  readonly ssl?: boolean
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
    readonly username: string
    readonly password: string
  }
}

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
