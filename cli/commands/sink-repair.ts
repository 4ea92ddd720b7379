import { type Command, InvalidArgumentError, Option } from 'commander'
import { counted, few, printableJson, UsageError, wholeNumberOf } from '../../core/index.ts'
import { type KafkaAdmin, KafkaError, type PartitionRange } from '../../kafka/index.ts'
import { createKafkaClient } from '../../kafka/kafkajs/index.ts'
import { act, shellOperator } from '../../operations/index.ts'
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
  jsonFlag,
  reason,
  saidWhileWaiting,
  wholeNumber
} from '../command.ts'
import type { Config } from '../config.ts'
import { databaseOf } from '../connection.ts'
import { signingOf } from '../proof-key.ts'

// The same for every command here.
const eventFlag = new Option('--event <name>', 'event name of the topic').makeOptionMandatory()
const reasonFlag = new Option('--reason <text>', 'why; kept for the audit').argParser(reason).makeOptionMandatory()
const groupFlag = new Option('--group <name>', 'consumer group of the sink, without the prefix').default(defaultGroup)

/** What an operator changes in the trail of a sink: `sink reset`, `resume`, `forget`, `remember` and `accept-gap`. */
export function sinkRepairCommands(sink: Command, host: CommandHost): void {
  host
    .connect(sink.command('reset'), 'brokers', 'databaseUrl', 'topicPrefix', 'proofKeyFile')
    .description('resume a halted partition by accepting its log as it is now; recorded in sink_resets')
    .addOption(eventFlag)
    .option(
      '--partition <n>',
      'partition (default: all partitions of the topic that are halted because of their log)',
      wholeNumber(0)
    )
    .requiredOption('--to <offset>', 'where to resume: earliest, latest or an offset', resetTarget)
    .addOption(reasonFlag)
    .option('--force', 'also reset a partition that is not halted')
    .addOption(groupFlag)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nStored rows stay. Events that are read again are recognised by their id and not stored twice.\nUse `--to earliest` after a topic was deleted and recreated. `--to latest` skips the events in between.'
    )
    .action(host.action((context, _flags: unknown, command: Command) => runReset(context, command.optsWithGlobals())))

  const takenOut = '\nThis is recorded in sink_forgotten. Running sinks follow within a few seconds.'
  const listing = {
    forget: {
      does: 'stop reading an event name that the registry or the trail has, for all sinks of a group',
      help: `${takenOut} Stored rows stay. \`eventtrail sink remember\` undoes it.`
    },
    remember: {
      does: 'undo `sink forget`: the event name is read again from where reading stopped',
      help: takenOut
    }
  }
  for (const way of ['forget', 'remember'] as const)
    host
      .connect(sink.command(way), 'databaseUrl', 'topicPrefix')
      .description(listing[way].does)
      .addOption(eventFlag)
      .addOption(reasonFlag)
      .addOption(groupFlag)
      .option(...jsonFlag)
      .addHelpText('after', listing[way].help)
      .action(
        host.action((context, _flags: unknown, command: Command) => runForget(context, command.optsWithGlobals(), way))
      )

  host
    .connect(sink.command('resume'), 'databaseUrl', 'topicPrefix')
    .description('resume a topic that was halted because most of its records were bad')
    .addOption(eventFlag)
    .addOption(reasonFlag)
    .addOption(groupFlag)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nThe topic resumes where it was halted. Fix the cause first: `eventtrail quarantine list` shows the bad records.\nFor partitions that are halted for another reason, use `eventtrail sink reset`.'
    )
    .action(host.action((context, _flags: unknown, command: Command) => runResume(context, command.optsWithGlobals())))

  host
    .connect(sink.command('accept-gap'), 'databaseUrl', 'topicPrefix')
    .description('accept a gap: doctor and verify then count it and no longer fail; recorded in sink_gaps')
    .addOption(eventFlag)
    .requiredOption('--partition <n>', 'partition', wholeNumber(0))
    .option(
      '--offset <n>',
      'only the gap that begins at this offset (default: all gaps of the partition)',
      wholeNumber(0)
    )
    .addOption(reasonFlag)
    .addOption(groupFlag)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nA gap is a range of offsets that Kafka removed before the sink read them: SELECT * FROM sink_gaps.'
    )
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
  readonly json?: boolean
}

async function runAcceptGap(context: CommandContext, flags: AcceptGapFlags): Promise<ExitCode> {
  const { partition, offset, reason } = flags
  const { group, topic } = named(context.config, flags)
  const { gaps, offsets } = await onTrail(databaseOf(context.config), 'eventtrail-accept-gap', pool =>
    act(
      pool,
      shellOperator(),
      { operation: 'sink accept-gap', target: { group, topic, partition, offset }, reason },
      () => acceptGap(pool, { group, topic, partition, offset, reason }),
      accepted => ({ ...accepted })
    )
  )
  context.out(
    flags.json
      ? printableJson({ topic, partition, gaps, offsets })
      : `${topic}/${partition}: ${counted(gaps, 'gap')} accepted, ${offsets} offsets`
  )
  return exitCodes.ok
}

interface ResetFlags {
  readonly event: string
  readonly partition?: number
  readonly to: ResetRequest['to']
  readonly reason: string
  readonly force?: boolean
  readonly group: string
  readonly json?: boolean
}

async function runReset(context: CommandContext, flags: ResetFlags): Promise<ExitCode> {
  const { config } = context
  const { reason, to, force = false } = flags
  const { group, topic } = named(config, flags)
  if (flags.partition === undefined && typeof to === 'number')
    throw new UsageError('An offset is one of a partition: give --partition too')
  const results = await onTrail(databaseOf(config), 'eventtrail-reset', async pool => {
    const signing = await signingOf(config, pool)
    const client = createKafkaClient({
      brokers: config.require('brokers'),
      security: config.security,
      log: context.log
    })
    await using admin = await saidWhileWaiting(context, 'waiting for Kafka', client.connectAdmin())
    const logs = await rangesOf(admin, topic)
    const partitions = flags.partition === undefined ? await partitionsToReset(pool, group, topic) : [flags.partition]
    const target = { group, topic, partitions, to, force }
    const resetAll = async () => {
      const done = []
      for (const partition of partitions) {
        const log = logs.find(range => range.partition === partition)
        if (!log) throw new TrailError('REQUEST_INVALID', `The topic ${topic} has no partition ${partition}`)
        const request = { group, topic, partition, to, reason, force, signing }
        done.push({ partition, ...(await resetPartition(pool, request, log)) })
      }
      return done
    }
    const request = { operation: 'sink reset', target, reason }
    return act(pool, shellOperator(), request, resetAll, ({ length }) => ({ partitions: length }))
  })
  for (const { partition, from, to: next, incarnation } of results)
    context.out(
      flags.json
        ? printableJson({ topic, partition, from: from ?? null, to: next, incarnation })
        : `${topic}/${partition}: was at ${from ?? 'no offset'}, resumes at ${next} as incarnation ${incarnation}`
    )
  return exitCodes.ok
}

async function runResume(
  context: CommandContext,
  flags: Pick<ResetFlags, 'event' | 'group' | 'reason' | 'json'>
): Promise<ExitCode> {
  const target = named(context.config, flags)
  const request = { operation: 'sink resume', target, reason: flags.reason }
  const partitions = await onTrail(databaseOf(context.config), 'eventtrail-resume', pool =>
    act(
      pool,
      shellOperator(),
      request,
      () => resumeTopic(pool, target),
      partitions => ({ partitions })
    )
  )
  context.out(
    flags.json
      ? printableJson({ topic: target.topic, partitions })
      : `${target.topic}: ${partitions} ${partitions === 1 ? 'partition goes' : 'partitions go'} on`
  )
  return exitCodes.ok
}

async function runForget(
  context: CommandContext,
  flags: Pick<ResetFlags, 'event' | 'group' | 'reason' | 'json'>,
  what: 'forget' | 'remember'
): Promise<ExitCode> {
  const request = { ...named(context.config, flags), reason: flags.reason }
  const change = what === 'forget' ? forgetTopic : rememberTopic
  const prefix = context.config.get('topicPrefix')
  const known = await onTrail(databaseOf(context.config), `eventtrail-${what}`, async pool => {
    const { group, topic, reason } = request
    await act(pool, shellOperator(), { operation: `sink ${what}`, target: { group, topic }, reason }, () =>
      change(pool, request)
    )
    return what === 'forget' ? await unreadTopic(pool, request, prefix) : undefined
  })
  context.out(
    flags.json
      ? printableJson({ topic: request.topic, group: request.group, isRead: what === 'remember' })
      : `${request.topic}: ${what === 'forget' ? 'is not read any more' : 'is read again'} by group ${request.group}`
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
  const offset = wholeNumberOf(text)
  if (offset !== undefined) return offset
  throw new InvalidArgumentError('Expected earliest, latest or an offset.')
}
