import type { Kafka } from 'kafkajs'
import type { Logger } from '../../core/index.ts'
import type { KafkaClient } from '../types/index.ts'
import type { Explaining } from './explain.ts'

/** What the parts of this adapter are made from. */
export interface KafkajsParts {
  readonly kafka: Kafka
  readonly brokers: readonly string[]
  readonly log: Logger
  readonly explaining: Explaining
  /** Who Kafka takes this client for, as its tools write it (`User:orders`), where the login says that. */
  readonly principal?: string | undefined
}

/** A client that also shows the kafkajs object that it is made of. For tests and tools; the product asks the port. */
export interface KafkajsClient extends KafkaClient {
  readonly kafka: Kafka
}
