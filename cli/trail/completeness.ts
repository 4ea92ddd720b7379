import { createKafkaClient } from '../../kafka/kafkajs/index.ts'
import { type Completeness, completenessOf } from '../../operations/index.ts'
import type { Pool } from '../../postgres/index.ts'
import type { FieldMeaning } from '../../schemas/index.ts'
import type { Question } from '../../trail/index.ts'
import { type CommandContext, saidWhileWaiting } from '../command.ts'

interface CompletenessParts {
  readonly pool: Pool
  readonly meanings: readonly FieldMeaning[]
  /** Of the sinks, without the prefix. */
  readonly group: string
}

/** What the answer of a question may leave out, by Kafka, where one is configured, and by the books of the trail. */
export function completenessFor(
  context: CommandContext,
  question: Question,
  { pool, meanings, group }: CompletenessParts
): Promise<Completeness> {
  const { config, log } = context
  const brokers = config.get('brokers')
  const topicPrefix = config.get('topicPrefix')
  const { security } = config
  const parts = {
    pool,
    meanings,
    group: topicPrefix + group,
    topicPrefix,
    connectKafka: brokers && (() => createKafkaClient({ brokers, security, log }).connectAdmin())
  }
  return saidWhileWaiting(context, 'comparing with Kafka', completenessOf(question, parts))
}
