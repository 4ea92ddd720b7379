import type { Consumer, Kafka } from 'kafkajs'
import { within } from '../../../core/index.ts'
import { subscribersOnly } from './assigner.ts'
import type { ConsumerSettings } from './consumer-options.ts'

/** A consumer of kafkajs, not connected, that ends with the first error that it cannot retry. */
export function createConsumer(kafka: Kafka, settings: ConsumerSettings, topics: number): Consumer {
  const { group, protocol, about, sessionTimeoutMs, fetchLimits, maxWaitMs, topicRefreshMs } = settings
  return kafka.consumer({
    groupId: group,
    partitionAssigners: [subscribersOnly(protocol, about)],
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: Math.max(sessionTimeoutMs, 10_000),
    heartbeatInterval: Math.max(200, Math.floor(sessionTimeoutMs / 6)),
    metadataMaxAge: topicRefreshMs,
    allowAutoTopicCreation: false,
    ...fetchLimits(topics),
    maxWaitTimeInMs: maxWaitMs,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 4, restartOnFailure: async () => false }
  })
}

/**
 * A disconnect before `run()` has resolved is ignored (kafkajs #1639), and the consumer would live on: it is repeated
 * once the start has settled.
 */
export async function disconnectConsumer(consumer: Consumer, starting: Promise<void>): Promise<void> {
  const disconnect = () => consumer.disconnect().catch(() => undefined)
  const settled = starting.catch(() => undefined)
  if (!(await within(3_000, settled))) void settled.then(disconnect)
  await within(4_000, disconnect())
}
