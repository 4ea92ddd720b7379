import type { Command } from 'commander'
import {
  addSubscription,
  conditionOf,
  enableSubscription,
  isRecipient,
  listSubscriptions,
  removeSubscription,
  rotateSecret,
  type Subscription,
  secretBox,
  targetCheck
} from '../../consumers/notifier/index.ts'
import { printableJson, table, UsageError } from '../../core/index.ts'
import type { Pool } from '../../postgres/index.ts'
import type { Catalogue } from '../../schemas/index.ts'
import {
  type CommandContext,
  type CommandHost,
  type ExitCode,
  exitCodes,
  jsonFlag,
  reason,
  wholeNumber
} from '../command.ts'
import { addCatalogueFlags, type CatalogueFlags, configuredCatalogue } from '../commands/index.ts'
import { faultOf } from '../mappings/index.ts'
import { onNotifierTables, recordedOnNotifierTables } from './database.ts'
import { requireWebhooks } from './settings.ts'
import { testCommand, webhookNamed } from './test-delivery.ts'

interface AddFlags extends CatalogueFlags {
  readonly events: readonly string[]
  readonly webhook?: string
  readonly email?: string
  readonly where?: readonly string[]
  readonly since?: Date
  readonly reason: string
  readonly json?: boolean
}

interface ChangeFlags {
  readonly reason: string
  readonly json?: boolean
}

interface RotateFlags extends ChangeFlags {
  readonly overlapHours: number
}

const reasonFlag = ['--reason <text>', 'why; kept in operator_actions', reason] as const

/** `eventtrail subscriptions list|add|remove|enable|disable|rotate|test` */
export function subscriptionCommands(program: Command, host: CommandHost): void {
  const subscriptions = program
    .command('subscriptions')
    .description('say who gets a webhook or a mail about which events')
  const command = (name: string, description: string) =>
    host.connect(subscriptions.command(name), 'databaseUrl').description(description)

  command('list', 'list subscriptions')
    .option(...jsonFlag)
    .action(host.action((context, flags: { json?: boolean }) => list(context, flags)))

  host
    .connect(addCatalogueFlags(subscriptions.command('add')), 'databaseUrl', 'schemasDir')
    .argument('<name>', 'name of the subscription')
    .description('add a subscription; that of a webhook prints its secret, this once')
    .requiredOption('--events <names>', 'names of events, comma-separated', names)
    .option('--webhook <url>', 'URL that is called with each event; needs WEBHOOK_KEY')
    .option('--email <id>', 'id of a row in the table recipients, who gets a mail about each event')
    .option(
      '--where <condition>',
      'only events of which this holds, such as payload.currency=EUR; may be repeated',
      both
    )
    .option('--since <time>', 'also events that were written to Kafka since, and are not read yet', time)
    .requiredOption(...reasonFlag)
    .option(...jsonFlag)
    .action(host.action((context, name: string, flags: AddFlags) => add(context, name, flags)))

  const named = (word: string, description: string): Command =>
    command(word, description).argument('<name>', 'name of the subscription')
  const changing = (word: string, description: string, work: (pool: Pool, name: string) => Promise<void>) =>
    named(word, description)
      .requiredOption(...reasonFlag)
      .option(...jsonFlag)
      .action(
        host.action(async (context, name: string, { reason, json }: ChangeFlags) => {
          const request = { operation: `subscriptions ${word}`, target: { subscription: name }, reason }
          await recordedOnNotifierTables(context, request, pool => work(pool, name))
          if (json) context.out(printableJson({ name, done: word }))
          else context.say(`subscriptions ${word}: ${name}`)
          return exitCodes.ok
        })
      )
  changing('remove', 'remove a subscription; what waits for it is given up', removeSubscription)
  changing('enable', 'switch a subscription on, also one whose endpoint was switched off', (pool, name) =>
    enableSubscription(pool, name, true)
  )
  changing('disable', 'switch a subscription off; what waits for it is kept', (pool, name) =>
    enableSubscription(pool, name, false)
  )
  named('rotate', 'give a webhook another secret, and print it, this once')
    .option('--overlap-hours <n>', 'how long the secret of before signs too', wholeNumber(0, 24 * 90), 24)
    .requiredOption(...reasonFlag)
    .option(...jsonFlag)
    .action(host.action((context, name: string, flags: RotateFlags) => rotate(context, name, flags)))
  testCommand(subscriptions, host)
}

async function list(context: CommandContext, { json }: { readonly json?: boolean }): Promise<ExitCode> {
  const found = await onNotifierTables(context, listSubscriptions)
  if (json) {
    for (const { sinceMs, ...rest } of found)
      context.out(printableJson({ ...rest, target: shownTarget(rest), since: sinceMs ? new Date(sinceMs) : null }))
    return exitCodes.ok
  }
  const rows = found.map(each => [
    each.name,
    stateOf(each),
    each.channel,
    each.eventNames.join(',') || 'those of the mappings',
    each.conditions.join(' and ') || '-',
    shownTarget(each) ?? 'named by the event'
  ])
  for (const line of table([['name', 'state', 'channel', 'events', 'where', 'to'], ...rows])) context.out(line)
  return exitCodes.ok
}

function stateOf({ enabled, disabledCode, failingSince }: Subscription): string {
  if (!enabled) return disabledCode === null ? 'off' : `off (${disabledCode})`
  return failingSince === null ? 'on' : `on, failing since ${failingSince.toISOString()}`
}

/** Without the parameters of a URL, in which receivers put tokens. */
function shownTarget({ channel, target }: Pick<Subscription, 'channel' | 'target'>): string | null {
  if (target === null || channel === 'email' || !URL.canParse(target)) return target
  const { origin, pathname, search } = new URL(target)
  return origin + pathname + (search === '' ? '' : '?…')
}

async function add(context: CommandContext, name: string, flags: AddFlags): Promise<ExitCode> {
  const { config } = context
  const { webhook, email, events, where = [], since, json } = flags
  if ((webhook === undefined) === (email === undefined)) throw new UsageError('Expected either --webhook or --email')
  if (!/^[\w.-]{1,100}$/.test(name)) throw new UsageError('Expected a name of 1 to 100 letters, digits, dots, _ and -')
  requireEvents(await configuredCatalogue(config, flags), events, where)
  const delivery = webhook === undefined ? undefined : requireWebhooks(context.config)
  if (delivery !== undefined) {
    const fault = targetCheck(delivery).urlFault(webhook ?? '')
    if (fault !== undefined) throw new UsageError(`--webhook: expected ${fault}`)
  }
  const target = webhook ?? email ?? ''
  const channel = webhook === undefined ? 'email' : 'webhook'
  const box = delivery && secretBox(delivery.key)
  const request = {
    operation: 'subscriptions add',
    target: { subscription: name, events, channel, ...(webhook !== undefined && { host: new URL(webhook).host }) },
    reason: flags.reason
  }
  const { id, secret } = await recordedOnNotifierTables(context, request, async pool => {
    if (channel === 'email' && !(await isRecipient(pool, target)))
      throw new UsageError('--email: the table recipients has no row with this id')
    const given = { name, eventNames: events, conditions: where, channel, target } as const
    return await addSubscription(pool, { ...given, ...(since && { since }) }, box)
  })
  if (json) context.out(printableJson({ id, name, ...(secret !== undefined && { secret }) }))
  else if (secret === undefined) context.out(id)
  else context.out(`secret: ${secret}`)
  context.say(`${name} gets events that are published from ${since?.toISOString() ?? 'ten seconds from now'} on`)
  return exitCodes.ok
}

/** @throws UsageError */
function requireEvents(catalogue: Catalogue, events: readonly string[], where: readonly string[]): void {
  for (const name of events) {
    if (!catalogue.eventNames.includes(name)) throw new UsageError(`--events: the schemas have no event ${name}`)
    for (const text of where) {
      const { path } = conditionOf(text)
      const fault = faultOf(path, catalogue.version(name))
      if (fault !== undefined) throw new UsageError(`--where ${path}: ${fault}`)
    }
  }
}

async function rotate(context: CommandContext, name: string, flags: RotateFlags): Promise<ExitCode> {
  const { overlapHours, reason, json } = flags
  const box = secretBox(requireWebhooks(context.config).key)
  const request = { operation: 'subscriptions rotate', target: { subscription: name, overlapHours }, reason }
  const secret = await recordedOnNotifierTables(context, request, async pool =>
    rotateSecret(pool, await webhookNamed(pool, name), box, overlapHours * 3_600_000)
  )
  context.out(json ? printableJson({ name, secret }) : `secret: ${secret}`)
  context.say(`the secret of before signs too, for ${overlapHours} hours`)
  return exitCodes.ok
}

const names = (text: string): readonly string[] =>
  text
    .split(',')
    .map(each => each.trim())
    .filter(Boolean)

/** commander hands over one at a time. @throws UsageError */
function both(text: string, before: readonly string[] = []): readonly string[] {
  try {
    conditionOf(text)
  } catch (error) {
    throw new UsageError(`--where: ${(error as Error).message}`)
  }
  return [...before, text]
}

/** @throws UsageError */
function time(text: string): Date {
  const found = new Date(text)
  if (Number.isNaN(found.getTime())) throw new UsageError('--since: expected a time, such as 2026-09-01T08:00:00Z')
  return found
}
