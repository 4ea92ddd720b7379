import { type Command, InvalidArgumentError } from 'commander'
import { readKeyText } from '../../audit/index.ts'
import { onAbort } from '../../core/index.ts'
import { eventNamePattern } from '../../schemas/index.ts'
import { createSink, mostConnections, type SinkOptions, sinkMetrics } from '../../sink/index.ts'
import { defaultGroup } from '../../trail/index.ts'
import {
  type CommandContext,
  type CommandHost,
  type ExitCode,
  exitCodes,
  milliseconds,
  wholeNumber
} from '../command.ts'
import type { Config } from '../config.ts'
import { connectionWithPostgres } from '../connection.ts'
import { createStatus } from '../status.ts'
import { sinkRepairCommands } from './sink-repair.ts'

interface SinkFlags {
  readonly group: string
  readonly events?: readonly string[]
  readonly maxRecords?: number
  readonly linger?: number
  readonly connections?: number
  readonly sessionTimeout?: number
  readonly breaker?: number
}

/** `eventtrail sink` and, below it, what an operator changes in its trail. */
export function sinkCommands(program: Command, host: CommandHost): void {
  const sink = host
    .connect(
      program.command('sink'),
      'brokers',
      'registryUrl',
      'databaseUrl',
      'topicPrefix',
      'proofKeyFile',
      'statusPort'
    )
    .description('write every event of every topic of the prefix to Postgres, exactly once, until it is stopped')
    .option('--group <name>', 'consumer group, without the prefix; sinks of one group share the work', defaultGroup)
    .option(
      '--events <names>',
      'only these event names, comma-separated (default: all that the registry knows)',
      eventNames
    )
    .option('--max-records <n>', 'records that complete a batch; a batch may have more (default: 10000)', wholeNumber())
    .option(
      '--linger <ms>',
      'minimum time between two batches of a connection, unless a batch is complete (default: 5)',
      milliseconds(0)
    )
    .option(
      '--connections <n>',
      'database sessions that write at the same time (default: 2)',
      wholeNumber(1, mostConnections)
    )
    .option(
      '--session-timeout <ms>',
      'time after which a sink that died is replaced (default: 10000)',
      milliseconds(1_000)
    )
    .option(
      '--breaker <n>',
      'halt a topic if more than half of <n> consecutive records are bad; 0 is never (default: 1000)',
      wholeNumber(0)
    )
    .addHelpText(
      'after',
      '\nOn SIGINT or SIGTERM, the sink writes what it has read and stops. Killing it loses nothing and stores nothing twice.\nRun `eventtrail migrate` first.'
    )
    // With an action of its own, commander would take a misspelt command for an argument.
    .allowExcessArguments()
    .action(
      host.action(
        async (context, flags: SinkFlags, command: Command) => {
          const [word] = command.args
          return word === undefined ? runSink(context, flags) : command.error(`error: unknown command '${word}'`)
        },
        { finishes: true }
      )
    )

  sinkRepairCommands(sink, host)
}

async function runSink(context: CommandContext, flags: SinkFlags): Promise<ExitCode> {
  const { config, log, signal } = context
  await using status = await createStatus(context, sinkMetrics)
  const sink = createSink({
    ...sinkConfig(config),
    ...proofKeyOf(config),
    ...sinkFlags(flags),
    log,
    meter: status.meter
  })
  await status.serve(() => sink.health())
  await sink.start()
  context.say(
    `eventtrail sink: group ${sink.group}, reading ${flags.events?.join(', ') ?? 'every event of the registry'}; Ctrl-C stops it`
  )
  onAbort(signal, () => void sink.drain())
  const failure = await sink.closed
  const { rows, duplicates, quarantined } = sink.stats()
  log.info({ rows, duplicates, quarantined }, failure ? 'sink failed' : 'sink stopped')
  if (failure) throw failure
  return exitCodes.ok
}

/** The part of the sink's options that comes from the configuration. */
export function sinkConfig(
  config: Config
): Required<Pick<SinkOptions, 'connection' | 'topicPrefix' | 'maxBatchBytes'>> {
  return {
    connection: connectionWithPostgres(config),
    topicPrefix: config.get('topicPrefix'),
    maxBatchBytes: config.get('maxBatchBytes')
  }
}

/** @throws AuditError `KEY_FILE_REFUSED` */
function proofKeyOf(config: Config): Pick<SinkOptions, 'proofKey'> {
  const file = config.get('proofKeyFile')
  return file === undefined ? {} : { proofKey: readKeyText(file) }
}

function sinkFlags({
  group,
  events,
  maxRecords,
  linger,
  connections,
  sessionTimeout,
  breaker
}: SinkFlags): Partial<SinkOptions> {
  return {
    group,
    ...(events && { eventNames: events }),
    batch: {
      ...(maxRecords !== undefined && { maxRecords }),
      ...(linger !== undefined && { lingerMs: linger })
    },
    ...(connections !== undefined && { connections }),
    ...(sessionTimeout !== undefined && { sessionTimeoutMs: sessionTimeout }),
    ...(breaker !== undefined && { breakerRecords: breaker })
  }
}

function eventNames(text: string): readonly string[] {
  const names = text.split(',').map(name => name.trim())
  const wrong = names.find(name => !eventNamePattern.test(name))
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is no event name, such as order.placed.`)
  return names
}
