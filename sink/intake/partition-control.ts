import type { TopicPartition } from '../../kafka/index.ts'
import type { WriteQueue } from '../write/index.ts'

/** How the partitions of a sink are read, and where what was read goes. */
export interface PartitionControl {
  readonly queueOf: (partition: TopicPartition) => WriteQueue
  /** The next fetch of the partition starts at `offset`. */
  readonly seek: (partition: TopicPartition, offset: number) => void
  /** Nothing more of the partition comes until it is resumed. */
  readonly pause: (partition: TopicPartition) => void
  readonly resume: (partition: TopicPartition) => void
}
