import { type Command, InvalidArgumentError } from 'commander'
import { few, UsageError } from '../../core/index.ts'
import { type KafkaAdmin, KafkaError, type PartitionRange } from '../../kafka/index.ts'
import { createKafkaClient } from '../../kafka/kafkajs/index.ts'
import { eventNamePattern } from '../../schemas/index.ts'
import { createSink, mostConnections, type SinkOptions, sinkMetrics } from '../../sink/index.ts'
import {
  acceptGap,
  defaultGroup,
  forgetTopic,
  onTrail,
  partitionsToReset,
  type ResetRequest,
  rememberTopic,
  resetPartition,
  resumeTopic,
  TrailError,
  unreadTopic
} from '../../trail/index.ts'
import {
  type CommandContext,
  type CommandHost,
  type ExitCode,
  exitCodes,
  milliseconds,
  reason,
  saidWhileWaiting,
  wholeNumber
} from '../command.ts'
import type { Config } from '../config.ts'
import { connectionWithPostgres } from '../connection.ts'
import { createStatus } from '../status.ts'

interface SinkFlags {
  readonly group: string
  readonly events?: readonly string[]
  readonly maxRecords?: number
  readonly linger?: number
  readonly connections?: number
  readonly sessionTimeout?: number
  readonly breaker?: number
}

/** `eventtrail sink` and, below it, `reset`, `resume`, `forget` and `remember`. */
export function sinkCommands(program: Command, host: CommandHost): void {
  const sink = host
    .connect(program.command('sink'), 'brokers', 'registryUrl', 'databaseUrl', 'topicPrefix', 'statusPort')
    .description('write every event of every topic of the prefix to Postgres, exactly once, until it is stopped')
    .option('--group <name>', 'consumer group, without the prefix; sinks of one group share the work', defaultGroup)
    .option(
      '--events <names>',
      'only these event names, comma-separated (default: all that the registry knows)',
      eventNames
    )
    .option(
      '--max-records <n>',
      'records at which a batch is written at once; it may hold more (default 10000)',
      wholeNumber()
    )
    .option(
      '--linger <ms>',
      'from one batch of a session to the next at least, unless it is full (default 5)',
      milliseconds(0)
    )
    .option(
      '--connections <n>',
      'database sessions that write at the same time (default 2)',
      wholeNumber(1, mostConnections)
    )
    .option('--session-timeout <ms>', 'after which a sink that died is replaced (default 10000)', milliseconds(1_000))
    .option(
      '--breaker <n>',
      'records of a topic after which it stops if more than half were bad (default 1000, 0: never)',
      wholeNumber(0)
    )
    .addHelpText(
      'after',
      '\nIt stops on SIGINT or SIGTERM: what was read is written first. It may be killed at any time; nothing is lost or stored twice.\nRun `eventtrail migrate` once before.'
    )
    .action(host.action((context, flags: SinkFlags) => runSink(context, flags), { finishes: true }))

  host
    .connect(sink.command('reset'), 'brokers', 'databaseUrl', 'topicPrefix')
    .description('resume a stopped partition by accepting its log as it is now; recorded in sink_resets')
    .requiredOption('--event <name>', 'event name of the topic')
    .option('--partition <n>', 'partition (default: all of the topic that are stopped for their log)', wholeNumber(0))
    .requiredOption('--to <offset>', 'where to read on: earliest, latest or an offset', resetTarget)
    .requiredOption('--reason <text>', 'why; kept for the audit', reason)
    .option('--force', 'also a partition that is not stopped')
    .option('--group <name>', 'consumer group of the sink, without the prefix', defaultGroup)
    .addHelpText(
      'after',
      '\nWhat is stored stays stored. Events that come again are recognised by their id and not stored twice.\n`--to earliest` is right after a topic was deleted and recreated; `--to latest` gives up the events in between.'
    )
    .action(host.action((context, _flags: unknown, command: Command) => runReset(context, command.optsWithGlobals())))

  const takenOut = '\nIt is recorded in sink_forgotten. Sinks that run follow within a few seconds.'
  const listing = {
    forget: {
      does: 'take an event out of what the sinks of a group read, although registry or trail know it',
      help: `${takenOut} What is stored stays; \`eventtrail sink remember\` lets it in again.`
    },
    remember: {
      does: 'let an event in again that `sink forget` took out: it is read from where it was left',
      help: takenOut
    }
  }
  for (const way of ['forget', 'remember'] as const)
    host
      .connect(sink.command(way), 'databaseUrl', 'topicPrefix')
      .description(listing[way].does)
      .requiredOption('--event <name>', 'event name of the topic')
      .requiredOption('--reason <text>', 'why; kept for the audit', reason)
      .option('--group <name>', 'consumer group of the sink, without the prefix', defaultGroup)
      .addHelpText('after', listing[way].help)
      .action(
        host.action((context, _flags: unknown, command: Command) => runForget(context, command.optsWithGlobals(), way))
      )

  host
    .connect(sink.command('resume'), 'databaseUrl', 'topicPrefix')
    .description('resume a topic that stopped because most of its records were bad')
    .requiredOption('--event <name>', 'event name of the topic')
    .option('--group <name>', 'consumer group of the sink, without the prefix', defaultGroup)
    .addHelpText(
      'after',
      '\nThe topic resumes where it stopped. Fix the cause first: `eventtrail quarantine list` shows what was bad.\nPartitions that are stopped for another reason are for `eventtrail sink reset`.'
    )
    .action(host.action((context, _flags: unknown, command: Command) => runResume(context, command.optsWithGlobals())))

  host
    .connect(sink.command('accept-gap'), 'databaseUrl', 'topicPrefix')
    .description('record that a gap is known: doctor and verify then count it and no longer alarm; kept in sink_gaps')
    .requiredOption('--event <name>', 'event name of the topic')
    .requiredOption('--partition <n>', 'partition', wholeNumber(0))
    .option('--offset <n>', 'only the gap that begins there (default: all of the partition)', wholeNumber(0))
    .requiredOption('--reason <text>', 'why; kept for the audit', reason)
    .option('--group <name>', 'consumer group of the sink, without the prefix', defaultGroup)
    .addHelpText('after', '\nA gap is a range that was removed from Kafka before it was read: SELECT * FROM sink_gaps.')
    .action(
      host.action((context, _flags: unknown, command: Command) => runAcceptGap(context, command.optsWithGlobals()))
    )
}

interface AcceptGapFlags {
  readonly event: string
  readonly partition: number
  readonly offset?: number
  readonly reason: string
  readonly group: string
}

async function runAcceptGap(context: CommandContext, flags: AcceptGapFlags): Promise<ExitCode> {
  const { partition, offset, reason } = flags
  const { group, topic } = named(context.config, flags)
  const { gaps, offsets } = await onTrail(context.config.require('databaseUrl'), 'eventtrail-accept-gap', pool =>
    acceptGap(pool, { group, topic, partition, offset, reason })
  )
  context.out(`${topic}/${partition}: ${gaps} ${gaps === 1 ? 'gap' : 'gaps'} accepted, ${offsets} offsets`)
  return exitCodes.ok
}

async function runSink(context: CommandContext, flags: SinkFlags): Promise<ExitCode> {
  const { config, log, signal } = context
  await using status = await createStatus(context, sinkMetrics)
  const sink = createSink({ ...sinkConfig(config), ...sinkFlags(flags), log, meter: status.meter })
  await status.serve(() => sink.health())
  await sink.start()
  context.say(
    `eventtrail sink: group ${sink.group}, reading ${flags.events?.join(', ') ?? 'every event of the registry'}; Ctrl-C stops it`
  )
  const stop = () => void sink.drain()
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
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

interface ResetFlags {
  readonly event: string
  readonly partition?: number
  readonly to: ResetRequest['to']
  readonly reason: string
  readonly force?: boolean
  readonly group: string
}

async function runReset(context: CommandContext, flags: ResetFlags): Promise<ExitCode> {
  const { config } = context
  const { reason, to, force = false } = flags
  const { group, topic } = named(config, flags)
  if (flags.partition === undefined && typeof to === 'number')
    throw new UsageError('An offset is one of a partition: give --partition too')
  const results = await onTrail(config.require('databaseUrl'), 'eventtrail-reset', async pool => {
    const client = createKafkaClient({
      brokers: config.require('brokers'),
      security: config.security,
      log: context.log
    })
    await using admin = await saidWhileWaiting(context, 'waiting for Kafka', client.connectAdmin())
    const logs = await rangesOf(admin, topic)
    const partitions = flags.partition === undefined ? await partitionsToReset(pool, group, topic) : [flags.partition]
    const done = []
    for (const partition of partitions) {
      const log = logs.find(range => range.partition === partition)
      if (!log) throw new TrailError('REQUEST_INVALID', `The topic ${topic} has no partition ${partition}`)
      done.push({ partition, ...(await resetPartition(pool, { group, topic, partition, to, reason, force }, log)) })
    }
    return done
  })
  for (const { partition, from, to: next, incarnation } of results)
    context.out(
      `${topic}/${partition}: was at ${from ?? 'no offset'}, resumes at ${next} as incarnation ${incarnation}`
    )
  return exitCodes.ok
}

async function runResume(context: CommandContext, flags: Pick<ResetFlags, 'event' | 'group'>): Promise<ExitCode> {
  const { group, topic } = named(context.config, flags)
  const partitions = await onTrail(context.config.require('databaseUrl'), 'eventtrail-resume', pool =>
    resumeTopic(pool, { group, topic })
  )
  context.out(`${topic}: ${partitions} ${partitions === 1 ? 'partition goes' : 'partitions go'} on`)
  return exitCodes.ok
}

async function runForget(
  context: CommandContext,
  flags: Pick<ResetFlags, 'event' | 'group' | 'reason'>,
  what: 'forget' | 'remember'
): Promise<ExitCode> {
  const request = { ...named(context.config, flags), reason: flags.reason }
  const change = what === 'forget' ? forgetTopic : rememberTopic
  const prefix = context.config.get('topicPrefix')
  const known = await onTrail(context.config.require('databaseUrl'), `eventtrail-${what}`, async pool => {
    await change(pool, request)
    return what === 'forget' ? await unreadTopic(pool, request, prefix) : undefined
  })
  context.out(
    `${request.topic}: ${what === 'forget' ? 'is not read any more' : 'is read again'} by group ${request.group}`
  )
  if (known !== undefined)
    context.say(
      `eventtrail sink forget: no sink of group ${request.group} has ever read ${request.topic}; it has read ${few(known, 20) || 'nothing'}. If the name is wrong, take it back: \`eventtrail sink remember\` with the same flags`
    )
  return exitCodes.ok
}

/** Group and topic as Kafka and the tables have them. */
function named(
  config: Config,
  { group, event }: Pick<ResetFlags, 'event' | 'group'>
): { group: string; topic: string } {
  const prefix = config.get('topicPrefix')
  return { group: prefix + group, topic: prefix + event }
}

async function rangesOf(admin: KafkaAdmin, topic: string): Promise<readonly PartitionRange[]> {
  try {
    return await admin.ranges(topic)
  } catch (error) {
    if (!(error instanceof KafkaError) || error.code !== 'TOPIC_UNKNOWN') throw error
    throw new TrailError('REQUEST_INVALID', `Kafka has no topic ${topic}: check --event and --prefix`, error)
  }
}

function resetTarget(text: string): ResetRequest['to'] {
  if (text === 'earliest' || text === 'latest') return text
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  throw new InvalidArgumentError('Expected earliest, latest or an offset.')
}

function eventNames(text: string): readonly string[] {
  const names = text.split(',').map(name => name.trim())
  const wrong = names.find(name => !eventNamePattern.test(name))
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is no event name, such as lesson.published.`)
  return names
}
