import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { groupMetrics } from '../../consumers/index.ts'
import {
  createMailer,
  createNotifier,
  directoryOn,
  type MailerOptions,
  notifierMetrics,
  notifierTables,
  sentLogOn
} from '../../consumers/notifier/index.ts'
import { ConfigError, OptionsError, UsageError } from '../../core/index.ts'
import { openDatabase, requireTables } from '../../postgres/index.ts'
import type { CommandContext, CommandHost, ExitCode } from '../command.ts'
import type { Config } from '../config.ts'
import { databaseOf } from '../connection.ts'
import { loadMails, type MappingFlags } from '../mappings/index.ts'
import { createStatus } from '../status.ts'
import { addCatalogueFlags, type CatalogueFlags, configuredCatalogue } from './catalogue.ts'
import { greetingOf, groupConfig, runGroup } from './run-group.ts'

interface NotifierFlags extends CatalogueFlags, MappingFlags {
  readonly group: string
  readonly from: string
}

/** `eventtrail notifier`. */
export function notifierCommands(program: Command, host: CommandHost): void {
  host
    .connect(
      addCatalogueFlags(program.command('notifier'), { mappings: true }),
      'schemasDir',
      'brokers',
      'registryUrl',
      'databaseUrl',
      'smtpUrl',
      'topicPrefix',
      'statusPort'
    )
    .description('send mails about events, until it is stopped')
    .option('--mappings <file>', 'JSON file or module that says who gets which mail about each event')
    .option('--group <name>', 'consumer group, without the prefix; notifiers of one group share the work', 'notifier')
    .option('--from <address>', 'sender of the mails', 'eventtrail <no-reply@localhost>')
    .addHelpText(
      'after',
      '\nAddresses come from the table recipients(id, address, name, wants_mail); recipients with wants_mail = false get no mail.\nRun `eventtrail migrate --with notifier` and `npm install nodemailer` first.'
    )
    .action(host.action((context, flags: NotifierFlags) => runNotifier(context, flags), { finishes: true }))
}

/** The error of an option, with the name of its flag. @throws UsageError */
function inFlags(error: unknown): never {
  if (error instanceof OptionsError && error.option === 'from')
    throw new UsageError('--from: expected an address, or Name <address>')
  throw error
}

function mailServer(config: Config): Pick<MailerOptions, 'url' | 'startTls' | 'ca'> {
  const [startTls, ca] = [config.get('smtpStartTls'), config.get('smtpCa')]
  return {
    url: config.require('smtpUrl'),
    ...(startTls !== undefined && { startTls }),
    ...(ca !== undefined && { ca: readText(ca, 'SMTP_CA_LOCATION') })
  }
}

function readText(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigError('CONFIG_INVALID', `${setting}: the file cannot be read (${code})`)
  }
}

async function runNotifier(context: CommandContext, flags: NotifierFlags): Promise<ExitCode> {
  const { config, log } = context
  const { group, from } = flags
  const options = groupConfig(config)
  const catalogue = await configuredCatalogue(config, flags)
  const mails = await loadMails(flags, catalogue)
  const mailer = await createMailer({ ...mailServer(config), from }).catch(inFlags)
  const database = openDatabase(databaseOf(config, log), notifierTables.applicationName)
  try {
    await database.requireFit()
    await requireTables(database, notifierTables.migrations, ...notifierTables.tables)
    await using status = await createStatus(context, { ...groupMetrics, ...notifierMetrics })
    const parts = { mailer, recipients: directoryOn(database), sent: sentLogOn(database) }
    const notifier = createNotifier({ ...options, ...parts, catalogue, mails, group, log, meter: status.meter })
    const greeting = greetingOf('notifier', { ...options, group }, mails)
    return await runGroup(context, { group: notifier, greeting, status, servers: [database.reach, mailer.reach] })
  } finally {
    mailer.close()
    await database.close()
  }
}
