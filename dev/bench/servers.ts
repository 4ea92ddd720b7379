import { copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import type { CommandContext, ExitCode } from '../../cli/index.ts'
import { CleanUps } from '../../core/index.ts'
import { createKafkaClient } from '../../kafka/kafkajs/index.ts'
import { createRegistry } from '../../schemas/index.ts'
import { chosenVersions, startStack } from '../stack/index.ts'
import { asAdmin } from './database.ts'
import { BenchError } from './errors.ts'
import { peerVersions } from './peer-parts.ts'
import type { Circumstances, Durability, Machine, Servers } from './types.ts'

/**
 * Starts the servers, works with them, and ends them with everything that was added to the clean-ups.
 * @throws StackError; BenchError `MACHINE`; what `work` throws
 */
export async function withServers(
  context: CommandContext,
  work: (servers: Servers, cleanUps: CleanUps) => Promise<ExitCode>
): Promise<ExitCode> {
  const cleanUps = new CleanUps()
  try {
    const servers = await startServers(context, cleanUps)
    try {
      return await work(servers, cleanUps)
    } catch (error) {
      if (!context.signal.aborted) keepLogs(servers.logs, context.say)
      throw error
    }
  } finally {
    await cleanUps.run()
  }
}

async function startServers(context: CommandContext, cleanUps: CleanUps): Promise<Servers> {
  if (process.platform !== 'linux') {
    throw new BenchError('MACHINE', 'The benchmark reads processor time and memory from /proc: run it on Linux')
  }
  const stack = await startStack({
    kind: 'bench',
    compiler: 'full',
    onProgress: context.say,
    logger: context.log,
    signal: context.signal
  })
  cleanUps.add(() => stack.stop())
  const { kafka, postgres: database } = stack.restartable
  if (!kafka.pid || !database.pid) {
    throw new BenchError(
      'MACHINE',
      'The benchmark needs the servers as processes of this machine, not in containers: install Java 17 and Maven, and set EVENTTRAIL_STACK=embedded'
    )
  }
  const { KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: registryUrl, DATABASE_URL: databaseUrl } = stack.env
  const scratch = join(stack.logs, 'scratch')
  mkdirSync(scratch, { recursive: true })
  return {
    brokers,
    registryUrl,
    databaseUrl,
    env: { KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: registryUrl },
    kafkaPid: kafka.pid,
    postgresPid: database.pid,
    client: createKafkaClient({ brokers: [brokers], clientId: 'bench' }),
    registry: createRegistry({ url: registryUrl }),
    logs: stack.logs,
    scratch,
    adopt: stack.adopt
  }
}

/** The stack removes its logs when it stops; what a contender said that failed shall be readable afterwards. */
function keepLogs(logs: string, say: (line: string) => void): void {
  const telling = readdirSync(logs).filter(name => name.endsWith('.log') && statSync(join(logs, name)).size > 0)
  if (telling.length === 0) return
  const kept = `${logs}-kept`
  mkdirSync(kept, { recursive: true })
  for (const name of telling) copyFileSync(join(logs, name), join(kept, name))
  say(`what the processes said is kept in ${kept}`)
}

/** What every page of results says about itself. */
export async function circumstances(servers: Servers, durability: Durability): Promise<Circumstances> {
  const { postgres, ...machine } = await describeMachine(servers)
  const { connect, debezium, converter } = peerVersions
  const { kafka, registry } = chosenVersions()
  return {
    measuredAt: new Date().toISOString(),
    machine,
    versions: {
      Postgres: postgres,
      Kafka: kafka,
      'Apicurio Registry': registry,
      Node: process.versions.node,
      'Kafka Connect': connect,
      'Debezium JDBC sink': debezium,
      'Apicurio Avro converter': converter
    },
    durability
  }
}

async function describeMachine(servers: Servers): Promise<Machine & { readonly postgres: string }> {
  const postgres = await asAdmin(servers.databaseUrl, client => client.query<{ v: string }>('SELECT version() AS v'))
  const cores = cpus()
  return {
    processor: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    postgres: /PostgreSQL (\S+)/.exec(postgres.rows[0]?.v ?? '')?.[1] ?? 'unknown'
  }
}
