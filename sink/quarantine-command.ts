import type { Command } from 'commander'
import type pg from 'pg'
import {
  type CommandContext,
  type CommandHost,
  type ExitCode,
  exitCodes,
  reason,
  wholeNumber
} from '../core/command.ts'
import { UsageError } from '../core/errors.ts'
import { createRegistry } from '../schemas/index.ts'
import { onTrail } from './database.ts'
import {
  countQuarantine,
  discardQuarantined,
  listQuarantine,
  type QuarantineCount,
  type QuarantineEntry,
  type QuarantineFilter,
  retryQuarantined,
  showQuarantined
} from './quarantine.ts'
import { SchemaBook } from './schema-book.ts'

interface ListFlags {
  readonly status: NonNullable<QuarantineFilter['status']>
  readonly topic?: string
  readonly code?: string
  readonly limit: number
  readonly json?: boolean
}

/** `eventtrail quarantine list|show|retry|discard` */
export function quarantineCommands(program: Command, host: CommandHost): void {
  const quarantine = program
    .command('quarantine')
    .description('records that the sink could not store, kept whole in Postgres')

  host
    .connect(quarantine.command('list'), 'databaseUrl')
    .description('what is held, the oldest first; never shows content')
    .option('--status <status>', 'held, stored, duplicate, discarded or all', 'held')
    .option('--topic <topic>', 'only of this topic')
    .option('--code <code>', 'only with this code, such as DECODE_FAILED')
    .option('--limit <n>', 'how many at most', wholeNumber(), 100)
    .option('--json', 'one JSON object a line')
    .action(host.action((context, flags: ListFlags) => onPool(context, pool => list(context, pool, flags))))

  host
    .connect(quarantine.command('show'), 'databaseUrl')
    .argument('<number>', 'as `list` shows it', wholeNumber())
    .description('one record with its bytes (base64) and headers; mind that it may hold personal data')
    .action(host.action((context, number: number) => onPool(context, pool => show(context, pool, number))))

  host
    .connect(quarantine.command('retry'), 'databaseUrl', 'registryUrl', 'topicPrefix')
    .argument('<numbers...>', 'as `list` shows them', wholeNumbers)
    .description(
      'try to store records again, for instance after their schema was registered; exits 1 if one is still held'
    )
    .option('--note <text>', 'kept with the record', 'retried')
    .action(
      host.action((context, numbers: number[], flags: { note: string }) =>
        onPool(context, pool => retry(context, pool, numbers, flags.note))
      )
    )

  host
    .connect(quarantine.command('discard'), 'databaseUrl')
    .argument('<numbers...>', 'as `list` shows them', wholeNumbers)
    .description('give records up; their bytes stay in the table')
    .requiredOption('--reason <text>', 'kept with the record', reason)
    .action(
      host.action((context, numbers: number[], flags: { reason: string }) =>
        onPool(context, async pool => {
          for (const number of numbers) context.out(line(await discardQuarantined(pool, number, flags.reason)))
          return exitCodes.ok
        })
      )
    )
}

async function list(context: CommandContext, pool: pg.Pool, flags: ListFlags): Promise<ExitCode> {
  if (!['held', 'stored', 'duplicate', 'discarded', 'all'].includes(flags.status)) {
    throw new UsageError(`Expected --status to be held, stored, duplicate, discarded or all, got ${flags.status}`)
  }
  const { topic, code, status } = flags
  const filter = { status, ...(topic && { topic }), ...(code && { code }) }
  const entries = await listQuarantine(pool, { ...filter, limit: flags.limit })
  const counts = await countQuarantine(pool, filter)
  if (entries.length > 0 && !flags.json) context.say('number\tstatus\tsince\trecord\tcode\treason\tevent')
  for (const entry of entries) context.out(flags.json ? JSON.stringify(entry) : line(entry))
  const total = counts.reduce((sum, { records }) => sum + records, 0)
  if (total > entries.length) context.say(`${figure(entries.length)} of ${figure(total)} shown: --limit N shows more`)
  if (counts.length > 0) {
    if (!flags.json) context.say(`by code: ${byCode(counts)}`)
    return exitCodes.ok
  }
  const others = topic || code ? await countQuarantine(pool, { status }) : []
  if (others.length > 0) context.say(`nothing found; without --topic and --code there are: ${byCode(others)}`)
  else context.say(status === 'held' ? 'nothing is held in quarantine' : 'nothing found')
  return exitCodes.ok
}

const figure = (count: number): string => count.toLocaleString('en-US')
const byCode = (counts: readonly QuarantineCount[]): string =>
  counts.map(({ code, records }) => `${code} ${figure(records)}`).join(', ')

async function show(context: CommandContext, pool: pg.Pool, number: number): Promise<ExitCode> {
  const { key, value, ...rest } = await showQuarantined(pool, number)
  context.out(
    JSON.stringify({ ...rest, key: key?.toString('base64') ?? null, value: value?.toString('base64') ?? null }, null, 2)
  )
  return exitCodes.ok
}

async function retry(context: CommandContext, pool: pg.Pool, numbers: number[], note: string): Promise<ExitCode> {
  const { config, log } = context
  const book = new SchemaBook({ registry: createRegistry({ url: config.require('registryUrl'), log }), pool })
  let held = 0
  for (const number of numbers) {
    const entry = await retryQuarantined(pool, book, number, config.get('topicPrefix'), note)
    if (entry.status === 'held') held += 1
    context.out(line(entry))
  }
  return held > 0 ? exitCodes.notOk : exitCodes.ok
}

const onPool = (context: CommandContext, work: (pool: pg.Pool) => Promise<ExitCode>): Promise<ExitCode> =>
  onTrail(context.config.require('databaseUrl'), 'eventtrail-quarantine', work)

function line(entry: QuarantineEntry): string {
  const { number, status, quarantinedAt, topic, partition, offset, code, reason, eventId } = entry
  return `${number}\t${status}\t${quarantinedAt.toISOString()}\t${topic}/${partition}@${offset}\t${code}\t${reason}\t${eventId ?? '-'}`
}

// commander hands over one argument at a time, with what came before it.
function wholeNumbers(text: string, before: number[] = []): number[] {
  return [...before, wholeNumber()(text)]
}
