import { type Command, InvalidArgumentError } from 'commander'
import type { ConsumerGroup, ConsumerGroupOptions, StartFrom } from '../../consumers/index.ts'
import { onAbort, pause } from '../../core/index.ts'
import { allOf, type Health, type Reach } from '../../observability/index.ts'
import { type CommandContext, dateOf, type ExitCode, exitCodes } from '../command.ts'
import type { Config } from '../config.ts'
import { connectionOf } from '../connection.ts'
import type { Status } from '../status.ts'

const reportEveryMs = 10_000

/** The part of a group's options that comes from the configuration of a command. */
export function groupConfig(
  config: Config
): Required<Pick<ConsumerGroupOptions<never>, 'connection' | 'topicPrefix' | 'maxBatchBytes'>> {
  return {
    connection: connectionOf(config),
    topicPrefix: config.get('topicPrefix'),
    maxBatchBytes: config.get('maxBatchBytes')
  }
}

export interface StartFlags {
  readonly startFrom?: StartFrom
}

/** Adds the flag that says where a group begins that is new. */
export const addStartFlag = (command: Command): Command =>
  command.option(
    '--start-from <place>',
    'where a group begins that has committed nothing yet: earliest, latest, or a time such as 2026-03-01T12:00:00Z (default: earliest); `groups rewind` moves one that has',
    startPlace
  )

function startPlace(text: string): StartFrom {
  if (text === 'earliest' || text === 'latest') return text
  const date = dateOf(text)
  if (date) return date
  throw new InvalidArgumentError('Expected earliest, latest, or a time with its zone, such as 2026-03-01T12:00:00Z.')
}

/** The option of a group. */
export const startOf = ({ startFrom }: StartFlags): StartFlags => (startFrom === undefined ? {} : { startFrom })

interface GroupNames {
  readonly topicPrefix?: string
  readonly group: string
}

/** Which group it is and what it reads, in words. */
export function greetingOf(command: string, { topicPrefix = '', group }: GroupNames, rules: object): string {
  const topics = Object.keys(rules).map(eventName => topicPrefix + eventName)
  return `eventtrail ${command}: group ${topicPrefix}${group}, reading ${topics.join(', ')}`
}

/** A group as a command runs it. */
export interface Running {
  readonly group: ConsumerGroup
  /** Which group it is and what it reads. */
  readonly greeting: string
  readonly status: Status
  /** Servers that its handlers need. */
  readonly servers: readonly Reach[]
}

/** Runs a group until the command is stopped, then drains it. */
export async function runGroup(context: CommandContext, running: Running): Promise<ExitCode> {
  const { log, signal } = context
  const { group, greeting, status, servers } = running
  await status.serve(() => healthOf(group, servers))
  await group.start()
  context.say(`${greeting}; dead letters go to ${group.deadLetterTopic}; Ctrl-C stops it`)
  onAbort(signal, () => void group.drain())
  void report(context, group)
  const failure = await group.closed
  const { handled, retried, deadLettered, uncommitted } = group.stats()
  log.info({ handled, retried, deadLettered, left: uncommitted }, failure ? 'group failed' : 'group stopped')
  if (failure) throw failure
  return exitCodes.ok
}

function healthOf(group: ConsumerGroup, servers: readonly Reach[]): Health {
  for (const server of servers) server.watch()
  return allOf(group.health(), { notReady: servers.flatMap(({ reasons }) => reasons), dead: [] })
}

async function report({ log, signal }: CommandContext, group: ConsumerGroup): Promise<void> {
  for (let last = 0; await pause(reportEveryMs, signal); ) {
    const { handled, deadLettered, running, queued } = group.stats()
    if (handled + deadLettered === last) continue
    last = handled + deadLettered
    log.info({ handled, deadLettered, running, queued }, 'progress')
  }
}
