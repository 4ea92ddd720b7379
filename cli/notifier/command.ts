import type { Command } from 'commander'
import { groupMetrics } from '../../consumers/index.ts'
import {
  createDeliverer,
  createMailer,
  createNotifier,
  type Deliverer,
  deliveriesOn,
  notifierMetrics,
  notifierTables,
  type SmtpMailer
} from '../../consumers/notifier/index.ts'
import { onAbort, UsageError } from '../../core/index.ts'
import { openDatabase, requireTables } from '../../postgres/index.ts'
import type { Catalogue } from '../../schemas/index.ts'
import type { CommandContext, CommandHost, ExitCode } from '../command.ts'
import {
  addCatalogueFlags,
  addStartFlag,
  type CatalogueFlags,
  configuredCatalogue,
  greetingOf,
  groupConfig,
  runGroup,
  type StartFlags,
  startOf
} from '../commands/index.ts'
import { databaseOf } from '../connection.ts'
import { loadMails, type MappingFlags } from '../mappings/index.ts'
import { createStatus } from '../status.ts'
import { fromFlag, inFlags, mailServer, webhookDelivery } from './settings.ts'

interface NotifierFlags extends CatalogueFlags, MappingFlags, StartFlags {
  readonly group: string
  readonly from: string
  readonly events?: readonly string[]
}

const dayMs = 24 * 3_600_000

/** `eventtrail notifier`. */
export function notifierCommands(program: Command, host: CommandHost): void {
  host
    .connect(
      addStartFlag(addCatalogueFlags(program.command('notifier'), { mappings: true })),
      'schemasDir',
      'brokers',
      'registryUrl',
      'databaseUrl',
      'smtpUrl',
      'topicPrefix',
      'statusPort'
    )
    .description('send mails and webhooks about events, until it is stopped')
    .option('--mappings <file>', 'JSON file or module that says who gets which mail about each event')
    .option('--events <names>', 'events that subscriptions may name, comma-separated (default: all)', list)
    .option('--group <name>', 'consumer group, without the prefix; notifiers of one group share the work', 'notifier')
    .option(...fromFlag)
    .addHelpText(
      'after',
      '\nAddresses come from the table recipients(id, address, name, wants_mail); recipients with wants_mail = false get no mail.\nMails need SMTP_URL and `npm install nodemailer`, webhooks need WEBHOOK_KEY.\nSay who gets webhooks with `eventtrail subscriptions add`. Deliveries are kept for 60 days (DELIVERIES_KEEP_DAYS). Run `eventtrail migrate --with notifier` first.'
    )
    .action(host.action((context, flags: NotifierFlags) => runNotifier(context, flags), { finishes: true }))
}

const list = (text: string): readonly string[] =>
  text
    .split(',')
    .map(each => each.trim())
    .filter(Boolean)

async function runNotifier(context: CommandContext, flags: NotifierFlags): Promise<ExitCode> {
  const { config, log, signal } = context
  const { group } = flags
  const options = { ...groupConfig(config), ...startOf(flags) }
  const catalogue = await configuredCatalogue(config, flags)
  const mails = flags.mappings === undefined && !flags.example ? undefined : await loadMails(flags, catalogue)
  const events = eventsOf(flags, catalogue)
  const [mailing, webhooks] = [mailServer(config), webhookDelivery(config)]
  // Mails that are described and cannot be sent would wait without a word.
  if (mailing === undefined && (mails !== undefined || webhooks === undefined)) config.require('smtpUrl')
  const mailer = mailing && (await createMailer({ ...mailing, from: flags.from }).catch(inFlags))
  const database = openDatabase(databaseOf(config, log), notifierTables.applicationName)
  try {
    await database.requireFit()
    await requireTables(database, notifierTables.migrations, ...notifierTables.tables)
    await using status = await createStatus(context, { ...groupMetrics, ...notifierMetrics })
    const deliveries = deliveriesOn(database)
    const common = { deliveries, log, meter: status.meter }
    const keepMs = config.get('deliveriesKeepDays') * dayMs
    await using deliverer = delivererOf({ ...common, keepMs, ...(mailer && { mailer }), ...(webhooks && { webhooks }) })
    const given = { ...(mails && { mails }), ...(events && { events }) }
    const notifier = createNotifier({ ...options, ...common, ...given, catalogue, group })
    const names = [...(events ?? catalogue.eventNames), ...Object.keys(mails ?? {})]
    const read = Object.fromEntries(names.map(name => [name, true]))
    const greeting = greetingOf('notifier', { ...options, group }, read)
    onAbort(signal, () => void deliverer.drain())
    await deliverer.start()
    return await runGroup(context, { group: notifier, greeting, status, servers: reachOf(database, mailer) })
  } finally {
    mailer?.close()
    await database.close()
  }
}

const reachOf = (...parts: readonly (Pick<SmtpMailer, 'reach'> | undefined)[]) =>
  parts.flatMap(part => (part === undefined ? [] : [part.reach]))

function delivererOf(options: Parameters<typeof createDeliverer>[0]): Deliverer {
  try {
    return createDeliverer(options)
  } catch (error) {
    return inFlags(error)
  }
}

/** @throws UsageError */
function eventsOf({ events }: NotifierFlags, catalogue: Catalogue): readonly string[] | undefined {
  const unknown = events?.find(name => !catalogue.eventNames.includes(name))
  if (unknown !== undefined) throw new UsageError(`--events: the schemas have no event ${unknown}`)
  return events
}
