import { CheckpointTopic, checkpointTopicOf, openTileStore, type TileStore } from '../../audit/index.ts'
import { UsageError } from '../../core/index.ts'
import { createKafkaClient } from '../../kafka/kafkajs/index.ts'
import type { Config } from '../config.ts'

const topicScheme = 'kafka:'
/** ms: rounds of the sealer wait for a topic that does not answer. */
const requestTimeoutMs = 10_000

/** Whether an address is that of a topic, which keeps checkpoints alone. */
export const isTopic = (address: string): boolean => address.startsWith(topicScheme)

/**
 * The places that have the whole log, in their order.
 * @throws ConfigError `CONFIG_MISSING`, `CONFIG_INVALID`; UsageError where there is none; AuditError `STORE_REFUSED`
 */
export async function logPlaces(config: Config, warn: (words: string) => void): Promise<[TileStore, ...TileStore[]]> {
  const addresses = config.require('proofStore').filter(address => !isTopic(address))
  const [first, ...others] = await Promise.all(
    addresses.map(address => openTileStore(address, { env: process.env, warn }))
  )
  if (first) return [first, ...others]
  throw new UsageError(
    'Expected a place of the log that is a folder (file:) or a bucket (s3:): a topic of Kafka keeps checkpoints alone'
  )
}

/**
 * The topics among the places: `kafka:<topic>`, or `kafka:` for the one of the prefix. None of them is connected yet.
 * @throws ConfigError `CONFIG_MISSING`, `CONFIG_INVALID`
 */
export function checkpointTopics(config: Config): CheckpointTopics {
  const addresses = (config.get('proofStore') ?? []).filter(isTopic)
  return new CheckpointTopics(addresses.map(address => topicAt(config, address.slice(topicScheme.length))))
}

function topicAt(config: Config, topic: string): CheckpointTopic {
  const client = createKafkaClient({
    ...{ brokers: config.require('brokers'), security: config.security, clientId: 'eventtrail-proof' },
    requestTimeoutMs
  })
  return new CheckpointTopic({ client, topic: topic === '' ? checkpointTopicOf(config.get('topicPrefix')) : topic })
}

/** Topics that are closed together. */
class CheckpointTopics implements AsyncDisposable {
  readonly all: readonly CheckpointTopic[]

  constructor(all: readonly CheckpointTopic[]) {
    this.all = all
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map(topic => topic.close()))
  }
}
