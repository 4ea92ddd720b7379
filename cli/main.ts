import { Command, CommanderError } from 'commander'
import {
  describeError,
  EventtrailError,
  isWrongLogin,
  type Logger,
  OptionsError,
  onAbort,
  printableLine
} from '../core/index.ts'
import { KafkaError } from '../kafka/index.ts'
import {
  type ActionOptions,
  addSettingFlags,
  type CommandContext,
  type CommandHost,
  type CommandWork,
  configFromOptions,
  exitCodes
} from './command.ts'
import { createLogger } from './log.ts'
import { createProgram } from './program.ts'

// Signals, process.exit and the console live in this file alone.
const stop = new AbortController()
let signalledAt: number | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // One Ctrl-C can arrive several times (process group, npm, entry): only a later one means "now".
    if (signalledAt !== undefined && performance.now() - signalledAt > 1_000) process.exit(exitCodes.interrupted)
    if (signalledAt === undefined) setTimeout(() => tell('stopping; press Ctrl-C again to exit at once'), 1_000).unref()
    signalledAt ??= performance.now()
    stop.abort()
  })
}

// The entry holds the other end of this channel: when it is killed, nothing is left to pass a signal on.
process.on('disconnect', () => stop.abort())
process.channel?.unref()

// A reader such as `head` that has seen enough closes the pipe: no fault, and a reason to stop.
process.stdout.on('error', error => {
  if (!('code' in error && error.code === 'EPIPE')) throw error
  stop.abort()
})

/** Waits for a slow reader, until the process is signalled to stop. */
async function writeBytes(bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const forget = onAbort(stop.signal, resolve)
    process.stdout.write(bytes, error => {
      forget()
      if (error) reject(error)
      else resolve()
    })
  })
}

const tell = (line: string): void => void process.stderr.write(`eventtrail: ${printableLine(line)}\n`)

/** ms that a command without anything to finish has to end by itself once it was signalled. */
const stoppingMs = 2_000
const interrupted = Symbol('interrupted')

/** Resolves a while after the process was signalled to stop. */
const longAfterStop = (): Promise<typeof interrupted> =>
  new Promise(resolve => {
    onAbort(stop.signal, () => setTimeout(() => resolve(interrupted), stoppingMs).unref())
  })

let log: Logger | undefined
const host: CommandHost = {
  connect: (command, ...keys) => addSettingFlags(command, keys),
  action<Args extends unknown[]>(work: CommandWork<Args>, { finishes = false }: ActionOptions = {}) {
    return async (...args: Args) => {
      const command = args.find(arg => arg instanceof Command)
      const config = configFromOptions(command?.optsWithGlobals() ?? {})
      log = createLogger({ level: config.get('logLevel') })
      const context: CommandContext = {
        out: line => void process.stdout.write(`${printableLine(line)}\n`),
        say: line => void process.stderr.write(`${printableLine(line)}\n`),
        stdout: { isTerminal: process.stdout.isTTY === true, write: writeBytes },
        draw: text => void process.stderr.write(text),
        interactive: process.stderr.isTTY === true,
        config,
        log,
        signal: stop.signal
      }
      const working = work(context, ...args)
      const done = await (finishes ? working : Promise.race([working, longAfterStop()]))
      if (done !== interrupted) process.exitCode = done
      else {
        tell('interrupted before it was done')
        process.exit(exitCodes.interrupted)
      }
    }
  }
}

function exitCodeOf(error: unknown): number {
  if (stop.signal.aborted) return exitCodes.interrupted
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  if ((error instanceof EventtrailError && error.misconfigured) || isWrongLogin(error)) return exitCodes.usage
  return exitCodes.unavailable
}

/** What went wrong, by the names of flags and settings. */
function inWords(error: unknown): string {
  const words = describeError(error)
  if (error instanceof OptionsError) return words.replace('`group`', '`--group`')
  if (error instanceof KafkaError && error.code === 'KAFKA_UNAVAILABLE')
    return `${/[.?!]$/.test(words) ? words : `${words}.`} Check KAFKA_BROKERS and that a broker listens there`
  return words
}

const program = await createProgram(host)

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) {
    // The faults of several files are a line each.
    for (const line of `eventtrail: ${inWords(error)}`.split('\n')) process.stderr.write(`${printableLine(line)}\n`)
    if (!(error instanceof EventtrailError) && process.env.LOG_LEVEL === 'debug')
      process.stderr.write(`${(error as Error).stack}\n`)
  }
  process.exitCode = exitCodeOf(error)
}

// Everything is done. A process that does not end (as a rule a server that hangs owes it an answer) names what holds it,
// and ends.
setTimeout(
  () => {
    const held = [...new Set(process.getActiveResourcesInfo())].filter(name => !/TTY|Pipe|Timeout/.test(name))
    log?.info({ held }, 'some connections are still open; exiting anyway')
    process.exit()
  },
  stop.signal.aborted ? 500 : 3_000
).unref()
