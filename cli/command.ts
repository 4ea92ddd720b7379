import { type Command, InvalidArgumentError } from 'commander'
import type { Logger } from '../core/index.ts'
import { longestTimerMs, wholeNumberOf } from '../core/index.ts'
import { type Config, type ConfigKey, loadConfig, settings } from './config.ts'

/**
 * Exit codes of the CLI: 0 done · 1 completed with findings (the output says which) ·
 * 2 usage or configuration error · 3 a server failed or is unreachable · 130 interrupted.
 */
export const exitCodes = { ok: 0, notOk: 1, usage: 2, unavailable: 3, interrupted: 130 } as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The flag of commands whose findings programs read too. */
export const jsonFlag = ['--json', 'print one JSON object per line'] as const

/** Where bytes go as they are. */
export interface ByteOutput {
  /** A terminal would obey what is in them. */
  readonly isTerminal: boolean
  /** Resolves once there is room for more, or the command is signalled to stop. @throws an error of the stream */
  write(bytes: Buffer): Promise<void>
}

/** What the CLI hands to every command: a command prints through it, stops on its signal and never exits itself. */
export interface CommandContext {
  /** A line of result on stdout. One line, and text alone: what a terminal would obey is shown and not done. */
  out(line: string): void
  /** A line for the person at the terminal on stderr: progress, hints. Text alone, as with `out`. */
  say(line: string): void
  /** Results that are bytes of a file, for `--out -`. */
  readonly stdout: ByteOutput
  /** Text on stderr that may move the cursor; for what commands make themselves, never for the words of others. */
  draw(text: string): void
  /** Whether stderr is a terminal, that is, whether a progress line may be redrawn. */
  readonly interactive: boolean
  readonly config: Config
  readonly log: Logger
  /** Aborts on the first SIGINT or SIGTERM: finish what is in flight and return. */
  readonly signal: AbortSignal
}

/** The work of a command; its answer is the exit code. */
export type CommandWork<Args extends unknown[]> = (context: CommandContext, ...args: Args) => Promise<ExitCode>

export interface ActionOptions {
  /**
   * The command has something to finish when it is stopped, and is waited for. Others are ended after a moment,
   * whichever server they wait for. Default false.
   */
  readonly finishes?: boolean
}

/** Binds a command's work to commander: given by cli/main.ts, used by each room's command.ts. */
export interface CommandHost {
  /** Adds the flags of these settings (and --config, --log-level) to the command. */
  connect(command: Command, ...keys: ConfigKey[]): Command
  /** Makes commander's action out of `work`, which gets the context and then commander's arguments and options. */
  action<Args extends unknown[]>(work: CommandWork<Args>, options?: ActionOptions): (...args: Args) => Promise<void>
}

const tellWaitingEveryMs = 5_000

/** Waits for an answer of a server, and says so every five seconds. */
export async function saidWhileWaiting<T>(
  { say }: Pick<CommandContext, 'say'>,
  words: string,
  work: Promise<T>
): Promise<T> {
  const began = performance.now()
  const told = setInterval(
    () => say(`eventtrail: ${words}, for ${Math.round((performance.now() - began) / 1_000)} s`),
    tellWaitingEveryMs
  )
  try {
    return await work
  } finally {
    clearInterval(told)
  }
}

/** What the command.ts of a room exports: adds the room's commands to the program. */
export type RegisterCommands = (program: Command, host: CommandHost) => void

/**
 * Parser of a flag that takes a whole number, from `least` to `most`, in decimal digits. commander names the flag in
 * the error.
 */
export function wholeNumber(least = 1, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
  return text => {
    const value = wholeNumberOf(text)
    if (value === undefined || value < least || value > most)
      throw new InvalidArgumentError(`Expected a whole number ${range}.`)
    return value
  }
}

/** Parser of a flag out of that of a setting. */
export const parsed =
  <T>(parse: (text: string) => T) =>
  (text: string): T => {
    try {
      return parse(text)
    } catch (error) {
      throw new InvalidArgumentError(`${(error as Error).message.replace(/^e/, 'E')}.`)
    }
  }

/** Parser of a flag that takes ms to wait. */
export const milliseconds = (least: number): ((text: string) => number) => wholeNumber(least, longestTimerMs)

const withZone = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/

/** A time as RFC 3339 has it, seconds left out or not. One without a zone would be that of whichever machine reads it. */
export function dateOf(text: string): Date | undefined {
  const date = withZone.test(text) ? new Date(text) : undefined
  return date && !Number.isNaN(date.getTime()) ? date : undefined
}

/** Parser of a flag whose text is kept for an audit. */
export function reason(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected a reason, in words.')
  return text
}

/** Adds the flags of the named settings to a command. */
export function addSettingFlags(command: Command, keys: readonly ConfigKey[]): Command {
  for (const key of [...keys, 'logLevel' as const]) {
    const setting: { flag?: string; env: string; help: string } = settings[key]
    if (setting.flag) command.option(setting.flag, `${setting.help} [${setting.env}]`)
  }
  return command.option('--config <file>', 'JSON file with settings [EVENTTRAIL_CONFIG]')
}

/** Reads the configuration of one call from commander's options, the environment and the file. */
export function configFromOptions(options: Record<string, unknown>): Config {
  const flags: Partial<Record<ConfigKey, string>> = {}
  for (const [key, setting] of Object.entries(settings) as [ConfigKey, { flag?: string }][]) {
    const name = setting.flag
      ?.match(/^--([a-z-]+)/)?.[1]
      ?.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (name && typeof options[name] === 'string') flags[key] = options[name]
  }
  return loadConfig({ flags, ...(typeof options.config === 'string' && { file: options.config }) })
}
