import { createKafkaClient } from '../../kafka/kafkajs/index.ts'
import { operationsMigrations } from '../../operations/index.ts'
import { type Pool, requireTables } from '../../postgres/index.ts'
import { createRegistry } from '../../schemas/index.ts'
import { onTrail, SchemaBook } from '../../trail/index.ts'
import { type CommandContext, type ExitCode, saidWhileWaiting } from '../command.ts'
import { databaseOf, registryOf } from '../connection.ts'
import type { GroupFlags } from './flags.ts'

export const bookOf = ({ config, log }: CommandContext, pool: Pool): SchemaBook =>
  new SchemaBook({ registry: createRegistry({ ...registryOf(config), log }), pool })

/** What commands about the dead letters of a group work with. */
export type Parts = Awaited<ReturnType<typeof connect>> & {
  readonly pool: Pool
  readonly group: string
  readonly topicPrefix: string
}

async function connect(context: CommandContext) {
  const { config, log } = context
  const client = createKafkaClient({ brokers: config.require('brokers'), security: config.security, log })
  const admin = await saidWhileWaiting(context, 'waiting for Kafka', client.connectAdmin())
  return { client, admin, reader: client.logReader() }
}

/** Runs `work` with Kafka and the database of the trail. @throws PostgresError, KafkaError, ConfigError */
export function withParts(
  context: CommandContext,
  { group }: GroupFlags,
  work: (parts: Parts) => Promise<ExitCode>
): Promise<ExitCode> {
  const topicPrefix = context.config.get('topicPrefix')
  return onTrail(databaseOf(context.config), 'eventtrail-dead-letters', async pool => {
    await requireTables(pool, operationsMigrations)
    const { client, admin, reader } = await connect(context)
    try {
      return await work({ client, admin, reader, pool, group, topicPrefix })
    } finally {
      await Promise.all([reader.close(), admin.close()])
    }
  })
}
