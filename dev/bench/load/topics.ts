import { retry } from '../../../core/index.ts'
import type { KafkajsClient } from '../../../kafka/kafkajs/index.ts'

/** Makes topics in one request and waits until each partition has a leader. */
export async function makeTopics(
  { kafka }: KafkajsClient,
  topics: readonly string[],
  partitions: number
): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    await admin.createTopics({
      waitForLeaders: false,
      topics: topics.map(topic => ({ topic, numPartitions: partitions, replicationFactor: 1 }))
    })
    // A broker that is busy does not know at once what its controller has made.
    await retry(
      async () => {
        const metadata = await admin.fetchTopicMetadata({ topics: [...topics] })
        const leaders = metadata.topics.flatMap(topic => topic.partitions).filter(({ leader }) => leader >= 0)
        if (leaders.length < topics.length * partitions) throw new Error('partitions without a leader')
      },
      { initialMs: 50, maxMs: 500, deadlineMs: 60_000 }
    )
  } finally {
    await admin.disconnect()
  }
}
