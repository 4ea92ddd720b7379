import type { KafkaClient } from '../../kafka/index.ts'
import { createKafkaClient } from '../../kafka/kafkajs/index.ts'
import { type GroupLook, type GroupSources, lookAtGroup } from '../../operations/index.ts'
import { type CommandContext, saidWhileWaiting } from '../command.ts'

/** How a command reaches Kafka. */
export interface CommandSources extends GroupSources {
  readonly client: KafkaClient
}

/** Works with connections that are closed afterwards. */
export async function onKafka<T>(context: CommandContext, work: (sources: CommandSources) => Promise<T>): Promise<T> {
  const { config, log } = context
  const client = createKafkaClient({ brokers: config.require('brokers'), security: config.security, log })
  await using admin = await saidWhileWaiting(context, 'waiting for Kafka', client.connectAdmin())
  await using reader = client.logReader()
  return await work({ client, admin, reader, topicPrefix: config.get('topicPrefix') })
}

export const lookAt = (context: CommandContext, sources: CommandSources, group: string): Promise<GroupLook> =>
  saidWhileWaiting(context, 'waiting for Kafka', lookAtGroup(sources, sources.topicPrefix + group))
