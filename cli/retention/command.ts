import { type Command, InvalidArgumentError } from 'commander'
import { openArchiveStore } from '../../archive/index.ts'
import { counted, printableJson, UsageError } from '../../core/index.ts'
import { createKafkaClient } from '../../kafka/kafkajs/index.ts'
import {
  dropMonth,
  hold,
  type ListedMonth,
  listDropped,
  listHolds,
  listMonths,
  operationsMigrations,
  planDrop,
  release,
  requireMonth,
  shellOperator,
  unfinishedDrops,
  unreadUntil
} from '../../operations/index.ts'
import { type Pool, requireTables } from '../../postgres/index.ts'
import { onTrail } from '../../trail/index.ts'
import {
  type CommandContext,
  type CommandHost,
  type ExitCode,
  exitCodes,
  jsonFlag,
  reason,
  saidWhileWaiting,
  wholeNumber
} from '../command.ts'
import { databaseOf, withWhoMay } from '../connection.ts'
import { signingOf } from '../proof-key.ts'
import { droppedLines, holdLines, monthLines, planLines, unfinishedLines } from './words.ts'

interface ListFlags {
  readonly quick?: boolean
  readonly json?: boolean
}

interface HoldFlags {
  readonly month?: string
  readonly event?: string
  readonly aggregate?: string
  readonly reason: string
  readonly json?: boolean
}

interface DropFlags {
  readonly reason?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly archive?: string
  readonly json?: boolean
}

/** `eventtrail retention list|hold|release|drop` */
export function retentionCommands(program: Command, host: CommandHost): void {
  const retention = program
    .command('retention')
    .description('list the months of the trail, keep them by holds, and drop those whose retention has ended')

  host
    .connect(retention.command('list'), 'databaseUrl')
    .description('list months with rows, size and holds, and whether they add up; exits 1 when one does not')
    .option('--quick', 'estimate the rows and compare nothing with the ledger')
    .option(...jsonFlag)
    .addHelpText('after', '\nThis counts every row of the trail, unless --quick is given. It shows no content.')
    .action(host.action((context, flags: ListFlags) => onPool(context, pool => list(context, pool, flags))))

  host
    .connect(retention.command('hold'), 'databaseUrl', 'proofKeyFile')
    .description('place a hold: months with rows that match all that is given are not dropped until it is released')
    .option('--month <month>', 'month such as 2026-11 (default: every month)')
    .option('--event <name>', 'only months that have this event name')
    .option('--aggregate <id>', 'only months that have this aggregate id', uuid)
    .requiredOption('--reason <text>', 'why; kept in operator_actions', reason)
    .option(...jsonFlag)
    .action(host.action((context, flags: HoldFlags) => onPool(context, pool => place(context, pool, flags))))

  host
    .connect(retention.command('release'), 'databaseUrl', 'proofKeyFile')
    .argument('<hold>', 'number of the hold in `retention list`', wholeNumber())
    .description('release a hold; it stays recorded')
    .requiredOption('--reason <text>', 'why; kept in operator_actions', reason)
    .option(...jsonFlag)
    .action(
      host.action((context, number: number, flags: { readonly reason: string; readonly json?: boolean }) =>
        onPool(context, async pool => {
          const { signer } = await signingOf(context.config, pool, 'privacy')
          await release(pool, shellOperator(), number, flags.reason, signer)
          context.out(flags.json ? printableJson({ released: number }) : `hold ${number} is released`)
          return exitCodes.ok
        })
      )
    )

  host
    .connect(retention.command('drop'), 'brokers', 'databaseUrl', 'topicPrefix', 'proofKeyFile')
    .argument('<month>', 'month such as 2026-11')
    .description('drop a month for good: records what it had, and refuses a month that has to stay')
    .option('--dry-run', 'show what would go and what keeps it, and do nothing else; exits 1 when something does')
    .option(
      '--archive <place>',
      'write it to Parquet first and read that back: file:<folder> or s3://<bucket>/<prefix>'
    )
    .option('--yes', 'drop it (required without --dry-run)')
    .option('--reason <text>', 'why; kept in operator_actions and sink_removals (required without --dry-run)', reason)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nA month stays that does not add up, is under a hold, or has ended less than seven days ago. With KAFKA_BROKERS it stays too while sinks have not stored all that Kafka took until its end.\nInterrupted, the same command continues. It needs the login of the owner of the tables.'
    )
    .action(
      host.action(
        (context, month: string, flags: DropFlags) => onPool(context, pool => drop(context, pool, month, flags)),
        { finishes: true }
      )
    )
}

const onPool = (context: CommandContext, work: (pool: Pool) => Promise<ExitCode>): Promise<ExitCode> =>
  onTrail(databaseOf(context.config), 'eventtrail-retention', async pool => {
    await requireTables(pool, operationsMigrations)
    return work(pool)
  })

const progress =
  ({ say }: CommandContext) =>
  (words: string): void =>
    say(`eventtrail retention: ${words}`)

async function list(context: CommandContext, pool: Pool, { quick = false, json }: ListFlags): Promise<ExitCode> {
  const { signal, out } = context
  const months: ListedMonth[] = []
  for await (const month of listMonths({ pool, quick, onProgress: progress(context), signal })) months.push(month)
  if (signal.aborted) return exitCodes.interrupted
  const dropped = await listDropped(pool)
  const holds = await listHolds(pool)
  // One of a month that is gone was overtaken by another.
  const unfinished = (await unfinishedDrops(pool)).filter(({ month }) => months.some(each => each.month === month))
  if (json) {
    for (const each of months) out(printableJson({ kind: 'month', ...each }))
    for (const each of dropped) out(printableJson({ kind: 'dropped', ...each }))
    for (const each of holds) out(printableJson({ kind: 'hold', ...each }))
    for (const each of unfinished) out(printableJson({ kind: 'unfinished', ...each }))
  } else
    for (const line of [
      ...monthLines(months),
      ...droppedLines(dropped),
      ...holdLines(holds),
      ...unfinishedLines(unfinished)
    ])
      out(line)
  return months.some(({ faults }) => (faults?.length ?? 0) > 0) ? exitCodes.notOk : exitCodes.ok
}

async function place(context: CommandContext, pool: Pool, flags: HoldFlags): Promise<ExitCode> {
  const { event: eventName, aggregate: aggregateId } = flags
  if (flags.month === undefined && eventName === undefined && aggregateId === undefined)
    throw new UsageError('Expected --month, --event or --aggregate: a hold is about something')
  const month = flags.month === undefined ? undefined : requireMonth(flags.month).name
  const { signer } = await signingOf(context.config, pool, 'privacy')
  const number = await hold(pool, shellOperator(), { month, eventName, aggregateId }, flags.reason, signer)
  context.out(flags.json ? printableJson({ hold: number }) : `hold ${number} is placed`)
  return exitCodes.ok
}

async function drop(context: CommandContext, pool: Pool, name: string, flags: DropFlags): Promise<ExitCode> {
  const { config, log, signal, out } = context
  const { reason, dryRun = false, yes = false, json } = flags
  if (dryRun && (yes || reason !== undefined))
    throw new UsageError('--dry-run does nothing that needs --yes or --reason')
  if (!dryRun && !(yes && reason !== undefined))
    throw new UsageError('Expected --yes and --reason, or --dry-run to see what would go')
  const month = requireMonth(name)
  const archive =
    flags.archive === undefined ? undefined : { address: flags.archive, store: await openStore(context, flags.archive) }
  const brokers = config.get('brokers')
  const client = brokers && createKafkaClient({ brokers, security: config.security, log })
  if (!client)
    context.say('eventtrail retention: KAFKA_BROKERS is not set, so Kafka is not asked for events that are not stored')
  const onProgress = progress(context)
  const parts = {
    ...{ pool, onProgress, signal, now: new Date() },
    ...(client && {
      unread: async () => {
        await using admin = await saidWhileWaiting(context, 'waiting for Kafka', client.connectAdmin())
        await using reader = client.logReader()
        return await unreadUntil({ pool, admin, reader, topicPrefix: config.get('topicPrefix') }, month)
      }
    })
  }
  if (dryRun) {
    const plan = await planDrop(parts, month)
    if (json) {
      const { facts, refusals, held } = plan
      const partitions = facts.partitions.map(({ fingerprint: _, ...each }) => each)
      out(printableJson({ month: name, rows: facts.rows, byChance: facts.byChance, held, refusals, partitions }))
    } else for (const line of planLines(plan)) out(line)
    return plan.refusals.length > 0 ? exitCodes.notOk : exitCodes.ok
  }
  const signing = await signingOf(config, pool)
  const result = await dropMonth({ ...parts, signing }, shellOperator(), {
    month,
    reason: reason ?? '',
    archive
  }).catch(asOwner)
  const kept = result.archive === null ? '' : `, archived in ${result.archive}`
  out(
    json
      ? printableJson(result)
      : `${result.month}: dropped ${counted(result.rows, 'row')}, action ${result.action}${kept}`
  )
  return exitCodes.ok
}

/** Keys of S3 are where its other tools have them: in the environment. */
const openStore = ({ say }: CommandContext, address: string) =>
  openArchiveStore(address, { env: process.env, warn: words => say(`eventtrail retention: ${words}`) })

/** Operators may place holds, and drop nothing. */
const asOwner = withWhoMay(
  'a month is dropped by the owner of the tables, who runs `eventtrail migrate`. Use that login in DATABASE_URL'
)

function uuid(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text
  throw new InvalidArgumentError('Expected a UUID.')
}
