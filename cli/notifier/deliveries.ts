import type { Command } from 'commander'
import {
  type DeliveryFilter,
  type DeliveryRow,
  listDeliveries,
  NotifierError,
  type Retried,
  retryDeliveries
} from '../../consumers/notifier/index.ts'
import { counted, printable, printableJson, UsageError } from '../../core/index.ts'
import { uuidOf } from '../../schemas/index.ts'
import {
  type CommandContext,
  type CommandHost,
  type ExitCode,
  exitCodes,
  jsonFlag,
  reason,
  wholeNumber
} from '../command.ts'
import { onNotifierTables, recordedOnNotifierTables } from './database.ts'

interface MatchFlags {
  readonly subscription?: string
  readonly event?: string
  readonly code?: string
}

interface ListFlags extends MatchFlags {
  readonly state?: string
  readonly limit: number
  readonly json?: boolean
}

interface RetryFlags extends MatchFlags {
  readonly reason: string
  readonly json?: boolean
}

const states = ['pending', 'delivered', 'failed', 'unwanted'] as const

/** `eventtrail deliveries list|retry` */
export function deliveryCommands(program: Command, host: CommandHost): void {
  const deliveries = program
    .command('deliveries')
    .description('list webhooks and mails with every attempt, and send failed ones again')
  const matching = (name: string): Command =>
    host
      .connect(deliveries.command(name), 'databaseUrl')
      .option('--subscription <name>', 'only those of this subscription')
      .option('--event <id>', 'only those about this event')
      .option('--code <code>', 'only those whose last attempt has this code, such as WEBHOOK_TIMEOUT')

  matching('list')
    .description('list deliveries, newest first; never shows what they say, nor to whom')
    .option('--state <state>', `only those in this state: ${states.join(', ')}`)
    .option('--limit <n>', 'maximum number of deliveries', wholeNumber(), 100)
    .option(...jsonFlag)
    .action(host.action((context, flags: ListFlags) => list(context, flags)))

  matching('retry')
    .argument('[numbers...]', 'numbers of the deliveries in `deliveries list`', wholeNumbers)
    .description('send failed deliveries again: the given numbers, or all that match')
    .requiredOption('--reason <text>', 'why; kept in operator_actions', reason)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nDeliveries of a subscription that is switched off wait until `eventtrail subscriptions enable` switches it on.'
    )
    .action(
      host.action((context, numbers: number[] | undefined, flags: RetryFlags) => retry(context, numbers ?? [], flags))
    )
}

/** @throws UsageError */
function filterOf({ subscription, event, code }: MatchFlags): DeliveryFilter {
  const eventId = event === undefined ? undefined : uuidOf(event)
  if (event !== undefined && eventId === undefined) throw new UsageError('--event: expected the id of an event')
  return { subscription, eventId, code }
}

async function list(context: CommandContext, flags: ListFlags): Promise<ExitCode> {
  const state = states.find(each => each === flags.state)
  if (flags.state !== undefined && state === undefined)
    throw new UsageError(`--state: expected one of ${states.join(', ')}, got ${flags.state}`)
  const filter = { ...filterOf(flags), state }
  const rows = await onNotifierTables(context, database => listDeliveries(database, filter, flags.limit))
  if (rows.length > 0 && !flags.json)
    context.say('number\tstate\tcreated\tsubscription\tevent\tid of the event\tattempts\tlast')
  for (const row of rows) context.out(flags.json ? printableJson(row) : line(row))
  if (rows.length === 0) context.say('no deliveries match')
  return exitCodes.ok
}

function line(row: DeliveryRow): string {
  const last = [row.code, row.status].filter(each => each !== null).join(' ')
  const next = row.next_attempt_at === null ? '' : ` next ${row.next_attempt_at.toISOString()}`
  const fields = [
    row.id,
    row.state,
    row.created_at.toISOString(),
    row.subscription,
    row.event_name ?? '-',
    row.event_id,
    String(row.tries.length),
    `${last}${next}`.trim() || '-'
  ]
  return fields.map(field => printable(field)).join('\t')
}

async function retry(context: CommandContext, numbers: readonly number[], flags: RetryFlags): Promise<ExitCode> {
  const filter = filterOf(flags)
  const filtered = Object.values(filter).some(value => value !== undefined)
  if (numbers.length > 0 === filtered)
    throw new UsageError('Expected either numbers, or --subscription, --event or --code for all that match')
  const ids = [...new Set(numbers.map(String))]
  const target = numbers.length > 0 ? { deliveries: ids } : { ...filter }
  const request = { operation: 'deliveries retry', target, reason: flags.reason }
  const retried = await recordedOnNotifierTables(
    context,
    request,
    pool => retryDeliveries(pool, numbers.length > 0 ? { ids } : { filter }),
    found => ({ deliveries: countOf(found) })
  )
  const count = countOf(retried)
  if (flags.json) for (const each of retried) context.out(printableJson(each))
  else if (count > 0) context.out(`${counted(count, 'notification')} will be sent again`)
  for (const each of retried) if (!each.enabled) context.say(waitingWords(each))
  if (count < ids.length)
    throw new NotifierError(
      'DELIVERY_UNKNOWN',
      `${ids.length - count} of these deliveries have not failed, or their subscription was removed${count === 0 ? '' : '; the others are sent again'}`
    )
  if (count === 0) context.say('no failed delivery matches')
  return exitCodes.ok
}

const countOf = (retried: readonly Retried[]): number => retried.reduce((sum, { count }) => sum + count, 0)

function waitingWords({ subscription, count, disabledCode }: Retried): string {
  const why =
    disabledCode === 'WEBHOOK_GONE'
      ? 'was switched off because its endpoint answered 410'
      : disabledCode === 'WEBHOOK_FAILING'
        ? 'was switched off because its endpoint failed for five days'
        : 'is switched off'
  return `subscription ${subscription} ${why}: ${count === 1 ? '1 of them waits' : `${count} of them wait`} until \`eventtrail subscriptions enable ${subscription}\` switches it on`
}

// commander hands over one argument at a time, with what came before it.
function wholeNumbers(text: string, before: number[] = []): number[] {
  return [...before, wholeNumber()(text)]
}
