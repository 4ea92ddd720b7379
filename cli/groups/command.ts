import { type Command, InvalidArgumentError, Option } from 'commander'
import { wholeNumberOf } from '../../core/index.ts'
import type { RewindTarget } from '../../operations/index.ts'
import { type CommandHost, dateOf, jsonFlag, milliseconds, reason, wholeNumber } from '../command.ts'
import { list, show } from './look.ts'
import { type OrderFlags, pauseOrResume, type RewindFlags, rewind } from './order.ts'
import { type ReplayFlags, replay } from './replay.ts'

const groupFlag = () => new Option('--group <name>', 'consumer group, without the prefix').makeOptionMandatory()
const reasonFlag = () =>
  new Option('--reason <text>', 'why; kept for the audit').argParser(reason).makeOptionMandatory()
const topicFlag = () => new Option('--topic <topic>', 'only this topic, with or without the prefix (default: all)')
const partitionFlag = () => new Option('--partition <n>', 'only this partition of the topic').argParser(wholeNumber(0))
const waitFlag = () =>
  new Option('--wait <ms>', 'how long to wait until all members have done it')
    .argParser(milliseconds(0))
    .default(30_000)

/** Adds `groups list|show|pause|resume|rewind|replay`. */
export function groupCommands(program: Command, host: CommandHost): void {
  const groups = program
    .command('groups')
    .description('look at consumer groups, pause, resume and rewind them, and replay what they had')
  const connected = (name: string, does: string, ...more: 'databaseUrl'[]) =>
    host.connect(groups.command(name), 'brokers', ...more, 'topicPrefix').description(does)
  const ordering = (name: string, does: string) => withOrderFlags(connected(name, does, 'databaseUrl'))
  connected('list', 'list the groups of the prefix: members, what waits, what is paused')
    .option(...jsonFlag)
    .action(host.action(list))
  connected('show', 'show one group: lag, time until loss, members, pauses, stopped topics, what runs now')
    .addOption(groupFlag())
    .option('--over <ms>', 'how long to look for the trend', milliseconds(100), 2_000)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nLOSS IN is the time until retention may remove the first unread record; Kafka removes whole segments, so often later.'
    )
    .action(host.action(show))
  for (const [name, does] of [
    ['pause', 'begin no more events of a group, until `groups resume`; those that run end'],
    [
      'resume',
      'lift the pauses of a group, and read again what it has stopped by itself, all within the named topic or partition'
    ]
  ] as const)
    ordering(name, does)
      .addHelpText('after', '\nThe order is kept in Kafka: it holds for members that start later, too.')
      .action(host.action((context, flags: OrderFlags) => pauseOrResume(context, name, flags)))
  withOrderFlags(
    connected('rewind', 'let a group read on at another place, while it runs', 'databaseUrl'),
    new Option('--reason <text>', 'why; kept for the audit (required without --dry-run)').argParser(reason)
  )
    .requiredOption('--to <place>', 'earliest, latest, an offset, or a time such as 2026-03-01T12:00:00Z', rewindTarget)
    .option('--dry-run', 'show what it would do, and do nothing')
    .addHelpText(
      'after',
      '\nEvents after the place reach the handlers again; dead letters stay as they are. It is done once, whichever member dies. Where no member runs, it is done when one starts.'
    )
    .action(host.action((context, flags: RewindFlags) => rewind(context, flags)))
  connected(
    'replay',
    'let a group handle again what it had since a time, from the trail where Kafka no longer has it',
    'databaseUrl'
  )
    .addOption(groupFlag())
    .option('--from <time>', 'since when, such as 2026-03-01T12:00:00Z (required without --continue)', replayTime)
    .addOption(topicFlag())
    .option('--rate <n>', 'events of the trail that are sent each second, at most', wholeNumber(), 1_000)
    .option('--dry-run', 'count what it would do, and do nothing')
    .option('--continue', 'continue the replay of the group that was interrupted')
    .option('--reason <text>', 'why; kept for the audit (required without --dry-run and --continue)', reason)
    .addOption(waitFlag())
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nOther groups and the sink do not see these events. Handlers see them by the header replay-action; effects of context.once do not happen again.'
    )
    .action(host.action((context, flags: ReplayFlags) => replay(context, flags), { finishes: true }))
}

const withOrderFlags = (command: Command, why = reasonFlag()): Command =>
  command
    .addOption(groupFlag())
    .addOption(topicFlag())
    .addOption(partitionFlag())
    .addOption(why)
    .addOption(waitFlag())
    .option(...jsonFlag)

export function replayTime(text: string): Date {
  const date = dateOf(text)
  if (date) return date
  throw new InvalidArgumentError('Expected a time with its zone, such as 2026-03-01T12:00:00Z.')
}

export function rewindTarget(text: string): RewindTarget {
  if (text === 'earliest' || text === 'latest') return text
  const offset = wholeNumberOf(text)
  if (offset !== undefined) return offset
  const date = dateOf(text)
  if (date) return date
  throw new InvalidArgumentError(
    'Expected earliest, latest, an offset, or a time with its zone, such as 2026-03-01T12:00:00Z.'
  )
}
