import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Command, Help } from 'commander'
import { inboxMigrations } from '../consumers/index.ts'
import { indexerMigrations } from '../consumers/indexer/index.ts'
import { notifierMigrations } from '../consumers/notifier/index.ts'
import { controlTopics } from '../control/index.ts'
import { ConfigError, counted, describeError, UsageError } from '../core/index.ts'
import { type KafkaAdmin, KafkaError } from '../kafka/index.ts'
import { createKafkaClient } from '../kafka/kafkajs/index.ts'
import { operationsMigrations } from '../operations/index.ts'
import { trailMigrations } from '../trail/index.ts'
import { aclCommandsOf } from './acls/index.ts'
import { type CommandContext, type CommandHost, type RegisterCommands, saidWhileWaiting } from './command.ts'
import {
  inboxCommands,
  operateCommands,
  quarantineCommands,
  schemaCommands,
  sinkCommands,
  verifyCommands
} from './commands/index.ts'
import { deadLetterCommands } from './dead-letters/index.ts'
import { groupCommands } from './groups/index.ts'
import { initCommands } from './init/index.ts'
import { deliveryCommands, notifierCommands, subscriptionCommands } from './notifier/index.ts'
import { onlyInClone } from './only-in-clone.ts'
import { logExamination, proofCommands } from './proof/index.ts'
import { publishCommands } from './publish/index.ts'
import { retentionCommands } from './retention/index.ts'
import { indexerCommands, searchExamination } from './search/index.ts'
import { trailCommands } from './trail/index.ts'

const require = createRequire(import.meta.url)
const { version } = require('eventtrail/package.json') as { version: string }

/** All commands of `eventtrail`. It runs none, and throws CommanderError instead of ending the process. */
export async function createProgram(host: CommandHost): Promise<Command> {
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

  initCommands(program, host)
  schemaCommands(program, host, async (plans, context) => {
    const { config, log } = context
    const client = createKafkaClient({ brokers: config.require('brokers'), security: config.security, log })
    await using admin = await saidWhileWaiting(context, 'waiting for Kafka', client.connectAdmin())
    try {
      const made = await saidWhileWaiting(context, 'waiting for Kafka to make the topics', admin.createTopics(plans))
      await makeControlTopics(context, admin)
      return made
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
  deadLetterCommands(program, host)
  trailCommands(program, host)
  verifyCommands(program, host)
  retentionCommands(program, host)
  proofCommands(program, host)
  groupCommands(program, host)
  operateCommands(program, host, {
    migrations: [trailMigrations, operationsMigrations, indexerMigrations, notifierMigrations, inboxMigrations],
    searchExamination,
    logExamination
  })
  inboxCommands(program, host)
  aclCommandsOf(program, host)
  indexerCommands(program, host)
  notifierCommands(program, host)
  subscriptionCommands(program, host)
  deliveryCommands(program, host)

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
  return program
}

/** commander answers `nonsense --help` with the help of what is around it, as if nothing was wrong. */
function refuseUnknown(command: Command): string {
  const [name] = command.args.filter(arg => arg !== 'help')
  const isCommand = command.commands.length > 0 && command.registeredArguments.length === 0
  if (!isCommand || name === undefined || name.startsWith('-')) return ''
  const known = command.commands.some(each => each.name() === name || each.aliases().includes(name))
  return known ? '' : command.error(`error: unknown command '${name}'`)
}

/** Groups work without them. */
async function makeControlTopics({ config, say }: CommandContext, admin: KafkaAdmin): Promise<void> {
  try {
    await admin.createTopics(controlTopics(config.get('topicPrefix'), config.get('replicationFactor')))
  } catch (error) {
    if (!(error instanceof KafkaError) || error.code !== 'NOT_AUTHORIZED') throw error
    say(`${describeError(error)}. Without this topic \`eventtrail groups\` cannot pause, resume or rewind groups`)
  }
}
