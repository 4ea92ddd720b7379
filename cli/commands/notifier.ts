import type { Command } from 'commander'
import { groupMetrics } from '../../consumers/index.ts'
import {
  createMailer,
  createNotifier,
  notifierMetrics,
  notifierMigrations,
  postgresDirectory,
  postgresSentLog
} from '../../consumers/notifier/index.ts'
import { openDatabase, requireTables } from '../../postgres/index.ts'
import type { CommandContext, CommandHost, ExitCode } from '../command.ts'
import { createStatus } from '../status.ts'
import { groupConfig, runGroup } from './run-group.ts'

interface NotifierFlags {
  readonly group: string
  readonly from: string
}

/** `eventtrail notifier`. */
export function notifierCommands(program: Command, host: CommandHost): void {
  host
    .connect(
      program.command('notifier'),
      'brokers',
      'registryUrl',
      'databaseUrl',
      'smtpUrl',
      'topicPrefix',
      'statusPort'
    )
    .description('mail students about badge.awarded and quiz.submitted, until it is stopped')
    .option('--group <name>', 'consumer group, without the prefix; notifiers of one group share the work', 'notifier')
    .option('--from <address>', 'sender of the mails', 'eventtrail <no-reply@localhost>')
    .addHelpText(
      'after',
      '\nAddresses come from the table recipients(id, address, name, wants_mail); those with wants_mail = false get none. Run `eventtrail migrate` once before.'
    )
    .action(host.action((context, flags: NotifierFlags) => runNotifier(context, flags), { finishes: true }))
}

async function runNotifier(context: CommandContext, { group, from }: NotifierFlags): Promise<ExitCode> {
  const { config, log } = context
  const options = groupConfig(config)
  const mailer = createMailer({ url: config.require('smtpUrl'), from })
  const database = openDatabase(config.require('databaseUrl'), 'eventtrail-notifier')
  try {
    await database.requireFit()
    await requireTables(database, notifierMigrations, 'recipients', 'notifications_sent')
    await using status = await createStatus(context, { ...groupMetrics, ...notifierMetrics })
    const parts = { mailer, recipients: postgresDirectory(database), sent: postgresSentLog(database) }
    const notifier = createNotifier({ ...options, ...parts, group, log, meter: status.meter })
    const { topicPrefix: prefix } = options
    const greeting = `eventtrail notifier: group ${prefix}${group}, reading ${prefix}badge.awarded and ${prefix}quiz.submitted`
    return await runGroup(context, { group: notifier, greeting, status, servers: [database.reach, mailer.reach] })
  } finally {
    mailer.close()
    await database.close()
  }
}
