import { type Command, InvalidArgumentError } from 'commander'
import type { LetterFilter } from '../../operations/index.ts'
import { jsonFlag } from '../command.ts'
import type { Config } from '../config.ts'

/** Of every command about dead letters. */
export interface GroupFlags {
  readonly group: string
  readonly json?: boolean
}

export const addGroupFlags = (command: Command): Command =>
  command.requiredOption('--group <name>', 'consumer group, without the prefix').option(...jsonFlag)

/** The flags that choose letters. */
export interface FilterFlags {
  readonly event?: string
  readonly code?: string
  readonly aggregate?: string
  readonly since?: Date
  readonly until?: Date
  readonly serviceVersion?: string
}

export function addFilterFlags(command: Command): Command {
  return command
    .option('--event <name>', 'only letters of this event name')
    .option('--code <code>', 'only letters with this code, such as ECONNRESET')
    .option('--aggregate <id>', 'only letters of this aggregate: the key of the message')
    .option('--since <time>', 'only letters from this time on, such as 2026-11-26T02:30:00Z', time)
    .option('--until <time>', 'only letters from before this time', time)
    .option('--service-version <version>', 'only letters of this version of the service')
}

export function filterOf(config: Config, flags: FilterFlags): LetterFilter {
  const { event, code, aggregate, since, until, serviceVersion: version } = flags
  return {
    ...(event !== undefined && { topic: config.get('topicPrefix') + event }),
    ...(code !== undefined && { code }),
    ...(aggregate !== undefined && { aggregate }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(version !== undefined && { version })
  }
}

/** ISO 8601 with a time zone: a time without one would be that of whichever machine the command runs on. */
function time(text: string): Date {
  const ms = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/.test(text)
    ? Date.parse(text)
    : Number.NaN
  if (Number.isNaN(ms)) throw new InvalidArgumentError('Expected a time with a zone, such as 2026-11-26T02:30:00Z.')
  return new Date(ms)
}
