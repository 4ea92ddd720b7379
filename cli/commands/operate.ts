import type { Command } from 'commander'
import { printableJson, UsageError } from '../../core/index.ts'
import { createKafkaClient } from '../../kafka/kafkajs/index.ts'
import { examine } from '../../operations/index.ts'
import { hiddenSchemas, type Migrations, migrate, migrationStatus } from '../../postgres/index.ts'
import { createRegistry } from '../../schemas/index.ts'
import {
  connectSession,
  doctorSessions,
  keepMonthsAhead,
  makeMonthsSince,
  requireFitPostgres,
  sessionPool
} from '../../trail/index.ts'
import {
  type CommandContext,
  type CommandHost,
  type ExitCode,
  exitCodes,
  jsonFlag,
  saidWhileWaiting
} from '../command.ts'
import { registryOf } from '../connection.ts'

/** `eventtrail migrate` and `eventtrail doctor`: over the tables of every part, which the CLI hands in. */
export function operateCommands(program: Command, host: CommandHost, migrations: readonly Migrations[]): void {
  host
    .connect(program.command('migrate'), 'databaseUrl')
    .description('create or update the tables in Postgres; safe to run at any time, also concurrently')
    .option('--with <parts>', `also create the tables of optional parts: ${optionalParts(migrations).join(',')}`, list)
    .option('--from-month <month>', 'also create the partitions from this month on, such as 2013-02, for older events')
    .addHelpText('after', '\nExisting tables of optional parts are updated without --with.')
    .action(host.action((context, flags: MigrateFlags) => runMigrate(context, migrations, flags)))

  host
    .connect(program.command('doctor'), 'brokers', 'registryUrl', 'databaseUrl', 'topicPrefix')
    .description('check Kafka, registry, Postgres, migrations, topics and the trail; exits 1 with findings')
    .option('--group <name>', 'consumer group of the sinks, without the prefix (default: "sink")')
    .option(...jsonFlag)
    .action(host.action((context, flags: DoctorFlags) => runDoctor(context, migrations, flags)))
}

interface MigrateFlags {
  readonly with?: readonly string[]
  readonly fromMonth?: string
}

const list = (text: string): readonly string[] => text.split(',').map(part => part.trim())

const optionalParts = (migrations: readonly Migrations[]): readonly string[] =>
  migrations.filter(({ optional }) => optional).map(({ component }) => component)

async function runMigrate(
  context: CommandContext,
  migrations: readonly Migrations[],
  { with: wanted = [], fromMonth }: MigrateFlags
): Promise<ExitCode> {
  const parts = optionalParts(migrations)
  const unknown = wanted.find(part => !parts.includes(part))
  if (unknown !== undefined) throw new UsageError(`--with: there is no part ${unknown}; expected ${parts.join(' or ')}`)
  const since = fromMonth === undefined ? undefined : monthOf(fromMonth)
  const databaseUrl = context.config.require('databaseUrl')
  const sessions = { applicationName: 'eventtrail-migrate' }
  const pool = sessionPool(databaseUrl, sessions)
  try {
    await requireFitPostgres(pool, sessions)
    const client = await connectSession(databaseUrl, { ...sessions, lockTimeoutMs: 60_000 })
    try {
      const elsewhere = await hiddenSchemas(client)
      const { rows } = await client.query<{ schema: string }>('SELECT current_schema() AS schema')
      if (elsewhere.length > 0)
        context.say(
          `eventtrail migrate: the schema ${elsewhere.join(', ')} has tables of eventtrail. By its search_path this session creates others, in ${rows[0]?.schema}`
        )
      for (const each of migrations) {
        if (each.optional && !wanted.includes(each.component)) {
          const { applied } = await migrationStatus(client, each)
          if (applied === 0) continue
        }
        const done = await migrate(client, each)
        context.out(`${each.component}: ${done.length > 0 ? `applied ${done.join(', ')}` : 'up to date'}`)
      }
    } finally {
      await client.end()
    }
    const now = new Date()
    const made = [...(since ? await makeMonthsSince(pool, since, now) : []), ...(await keepMonthsAhead(pool, now))]
    context.out(`partitions: ${made.length > 0 ? `made ${made.join(', ')}` : 'ahead'}`)
  } finally {
    await pool.end()
  }
  return exitCodes.ok
}

interface DoctorFlags {
  readonly group?: string
  readonly json?: boolean
}

async function runDoctor(
  context: CommandContext,
  migrations: readonly Migrations[],
  { group, json }: DoctorFlags
): Promise<ExitCode> {
  const { config, log } = context
  const brokers = config.require('brokers')
  // What is configured wrongly is no finding about a server, so it is read before any is asked.
  const { security } = config
  const registry = registryOf(config)
  const pool = sessionPool(config.require('databaseUrl'), doctorSessions)
  try {
    const findings = await saidWhileWaiting(
      context,
      'waiting for the servers to answer',
      examine({
        brokers,
        connectKafka: () => createKafkaClient({ brokers, security, log }).connectAdmin(),
        registry: createRegistry({ ...registry, log }),
        pool,
        migrations,
        topicPrefix: config.get('topicPrefix'),
        group
      })
    )
    const marks = { ok: 'ok     ', warning: 'warning', wrong: 'WRONG  ' }
    for (const { check, level, words } of findings) {
      context.out(json ? printableJson({ check, level, words }) : `${marks[level]}  ${check.padEnd(11)} ${words}`)
    }
    return findings.some(({ level }) => level === 'wrong') ? exitCodes.notOk : exitCodes.ok
  } finally {
    await pool.end()
  }
}

function monthOf(text: string): Date {
  if (!/^(19[7-9]\d|20\d\d)-(0[1-9]|1[0-2])$/.test(text))
    throw new UsageError(`Expected a month from 1970-01 to 2099-12, such as 2013-02, got ${text}`)
  return new Date(`${text}-01T00:00:00Z`)
}
