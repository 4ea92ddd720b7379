import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Command, CommanderError, Help } from 'commander'
import { indexerMigrations } from '../consumers/indexer/index.ts'
import { notifierMigrations } from '../consumers/notifier/index.ts'
import {
  ConfigError,
  counted,
  describeError,
  EventtrailError,
  isWrongLogin,
  type Logger,
  OptionsError,
  onAbort,
  printableLine,
  UsageError
} from '../core/index.ts'
import { KafkaError } from '../kafka/index.ts'
import { createKafkaClient } from '../kafka/kafkajs/index.ts'
import { trailMigrations } from '../trail/index.ts'
import { aclCommandsOf } from './acls/index.ts'
import {
  type ActionOptions,
  addSettingFlags,
  type CommandContext,
  type CommandHost,
  type CommandWork,
  configFromOptions,
  exitCodes,
  type RegisterCommands,
  saidWhileWaiting
} from './command.ts'
import {
  indexerCommands,
  notifierCommands,
  operateCommands,
  quarantineCommands,
  schemaCommands,
  sinkCommands,
  verifyCommands
} from './commands/index.ts'
import { initCommands } from './init/index.ts'
import { createLogger } from './log.ts'
import { publishCommands } from './publish/index.ts'

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

const require = createRequire(import.meta.url)
const { version } = require('eventtrail/package.json') as { version: string }

const program = new Command('eventtrail')
  .description('An event bus on Kafka whose audit trail in Postgres can be trusted.')
  .showHelpAfterError('(add --help to the command to see its commands and options)')
  .version(version, '--version', 'the version of eventtrail')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'eventtrail: ')) })
  .configureHelp({
    optionDescription: option => Help.prototype.optionDescription(option) + (option.mandatory ? ' (required)' : '')
  })
  .addHelpText('beforeAll', ({ command }) => refuseUnknown(command))
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 completed with findings, 2 usage or configuration error, 3 a server failed or is unreachable, 130 interrupted.'
  )

/** commander answers `nonsense --help` with the help of what is around it, as if nothing was wrong. */
function refuseUnknown(command: Command): string {
  const [name] = command.args.filter(arg => arg !== 'help')
  const isCommand = command.commands.length > 0 && command.registeredArguments.length === 0
  if (!isCommand || name === undefined || name.startsWith('-')) return ''
  const known = command.commands.some(each => each.name() === name || each.aliases().includes(name))
  return known ? '' : command.error(`error: unknown command '${name}'`)
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

initCommands(program, host)
schemaCommands(program, host, async (plans, context) => {
  const { config, log } = context
  const client = createKafkaClient({ brokers: config.require('brokers'), security: config.security, log })
  await using admin = await saidWhileWaiting(context, 'waiting for Kafka', client.connectAdmin())
  try {
    return await saidWhileWaiting(context, 'waiting for Kafka to make the topics', admin.createTopics(plans))
  } catch (error) {
    if (!(error instanceof KafkaError) || error.protocolError !== 'INVALID_REPLICATION_FACTOR') throw error
    const brokers = await admin.brokers()
    const replicas = config.get('replicationFactor')
    throw new ConfigError(
      'CONFIG_INVALID',
      `${replicas === undefined ? 'default.replication.factor of the brokers is too large for them' : `TOPIC_REPLICATION_FACTOR is ${replicas}`}, and Kafka has ${counted(brokers, 'broker')} now: a topic can have at most as many replicas`
    )
  }
})

publishCommands(program, host)
sinkCommands(program, host)
quarantineCommands(program, host)
verifyCommands(program, host)
operateCommands(program, host, [trailMigrations, indexerMigrations, notifierMigrations])
aclCommandsOf(program, host)
indexerCommands(program, host)
notifierCommands(program, host)

// What brings its own servers comes with a clone alone; the package has no such folders, and must not be built from them.
const onlyInClone = { stack: ['stack'], testing: ['test', 'integrity', 'matrix'], demo: ['demo'], bench: ['bench'] }
for (const [room, names] of Object.entries(onlyInClone)) {
  const file = new URL(`../dev/${room}/command.ts`, import.meta.url)
  if (existsSync(file)) {
    const commands = (await import(file.href)) as Readonly<Record<string, RegisterCommands>>
    commands[`${room}Commands`]?.(program, host)
    continue
  }
  for (const name of names)
    program
      .command(name, { hidden: true })
      .argument('[words...]')
      .allowUnknownOption()
      .helpOption(false)
      .action(() => {
        throw new UsageError(`\`eventtrail ${name}\` is only in a clone of the repository, not in the package`)
      })
}

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
