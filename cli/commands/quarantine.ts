import type { Command } from 'commander'
import { printable, printableJson, UsageError } from '../../core/index.ts'
import { act, shellOperator } from '../../operations/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { createRegistry } from '../../schemas/index.ts'
import {
  countQuarantine,
  discardHeld,
  discardQuarantined,
  heldBatches,
  listQuarantine,
  onTrail,
  type QuarantineCount,
  type QuarantineEntry,
  type QuarantineFilter,
  requireAllHeld,
  retryQuarantined,
  SchemaBook,
  type Signing,
  TrailError
} from '../../trail/index.ts'
import {
  type CommandContext,
  type CommandHost,
  type ExitCode,
  exitCodes,
  jsonFlag,
  reason,
  wholeNumber
} from '../command.ts'
import { databaseOf, registryOf } from '../connection.ts'
import { signingOf } from '../proof-key.ts'
import { purgeCommand } from './quarantine-purge.ts'
import { showCommand } from './quarantine-show.ts'

interface MatchFlags {
  readonly topic?: string
  readonly event?: string
  readonly code?: string
}

interface ListFlags extends MatchFlags {
  readonly status: NonNullable<QuarantineFilter['status']>
  readonly limit: number
  readonly json?: boolean
}

interface ChangeFlags extends MatchFlags {
  readonly reason: string
  readonly json?: boolean
}

interface SignedFlags extends ChangeFlags {
  readonly signing: Signing
}

/** `eventtrail quarantine list|show|retry|discard|purge` */
export function quarantineCommands(program: Command, host: CommandHost): void {
  const quarantine = program
    .command('quarantine')
    .description('list, show, retry, discard or purge records that the sink could not store')

  const matching = (command: Command): Command =>
    command
      .option('--topic <topic>', 'only records of this topic, as `quarantine list` shows it')
      .option('--event <name>', 'only records of the topic of this event name')
      .option('--code <code>', 'only records with this code, such as DECODE_FAILED')

  matching(host.connect(quarantine.command('list'), 'databaseUrl', 'topicPrefix'))
    .description('list quarantined records, oldest first; never shows content')
    .option('--status <status>', 'held, stored, duplicate, discarded or all', 'held')
    .option('--limit <n>', 'maximum number of records', wholeNumber(), 100)
    .option(...jsonFlag)
    .action(host.action((context, flags: ListFlags) => onPool(context, pool => list(context, pool, flags))))

  showCommand(quarantine, host)
  purgeCommand(quarantine, host)

  matching(host.connect(quarantine.command('retry'), 'databaseUrl', 'registryUrl', 'topicPrefix', 'proofKeyFile'))
    .argument('[numbers...]', 'numbers of the records in `quarantine list`', wholeNumbers)
    .description(
      'try again to store records, for instance after their schema was registered: the given numbers, or all that match; exits 1 if one is still held'
    )
    .requiredOption('--reason <text>', 'why; kept with the record and in operator_actions', reason)
    .option(...jsonFlag)
    .action(
      host.action(
        (context, numbers: number[] | undefined, flags: ChangeFlags) =>
          onPool(context, pool => retry(context, pool, chosen(context, numbers, flags), flags)),
        { finishes: true }
      )
    )

  matching(host.connect(quarantine.command('discard'), 'databaseUrl', 'topicPrefix', 'proofKeyFile'))
    .argument('[numbers...]', 'numbers of the records in `quarantine list`', wholeNumbers)
    .description('give up on records: the given numbers, or all that match; their bytes stay in the table')
    .requiredOption('--reason <text>', 'why; kept with the record and in operator_actions', reason)
    .option(...jsonFlag)
    .action(
      host.action(
        (context, numbers: number[] | undefined, flags: ChangeFlags) =>
          onPool(context, pool => discard(context, pool, chosen(context, numbers, flags), flags)),
        { finishes: true }
      )
    )
}

/** Records by their numbers, each once, or all that match. */
type Chosen = { readonly numbers: readonly number[] } | { readonly filter: Omit<QuarantineFilter, 'status'> }

/** @throws UsageError unless there are either numbers or flags */
function chosen(context: CommandContext, numbers: readonly number[] = [], flags: MatchFlags): Chosen {
  const filter = filterOf(context, flags)
  const filtered = Object.keys(filter).length > 0
  if (numbers.length > 0 && !filtered) return { numbers: [...new Set(numbers)] }
  if (numbers.length === 0 && filtered) return { filter }
  throw new UsageError('Expected either numbers, or --code, --topic or --event for all that match')
}

function filterOf({ config }: CommandContext, { topic, event, code }: MatchFlags): Omit<QuarantineFilter, 'status'> {
  if (topic !== undefined && event !== undefined) throw new UsageError('Expected either --topic or --event, got both')
  const name = event === undefined ? topic : config.get('topicPrefix') + event
  return { ...(name !== undefined && { topic: name }), ...(code !== undefined && { code }) }
}

async function list(context: CommandContext, pool: Pool, flags: ListFlags): Promise<ExitCode> {
  if (!['held', 'stored', 'duplicate', 'discarded', 'all'].includes(flags.status)) {
    throw new UsageError(`Expected --status to be held, stored, duplicate, discarded or all, got ${flags.status}`)
  }
  const { status } = flags
  const filter = { status, ...filterOf(context, flags) }
  const entries = await listQuarantine(pool, { ...filter, limit: flags.limit })
  const counts = await countQuarantine(pool, filter)
  if (entries.length > 0 && !flags.json) context.say('number\tstatus\tsince\trecord\tcode\treason\tevent')
  for (const entry of entries) context.out(shown(entry, flags.json))
  const total = counts.reduce((sum, { records }) => sum + records, 0)
  if (total > entries.length) context.say(`${figure(entries.length)} of ${figure(total)} shown: --limit N shows more`)
  if (counts.length > 0) {
    if (!flags.json) context.say(`by code: ${byCode(counts)}`)
    return exitCodes.ok
  }
  await sayNothingFound(context, pool, filter)
  return exitCodes.ok
}

/** So that a filter that is spelt wrongly does not look like work that is done. */
async function sayNothingFound(context: CommandContext, pool: Pool, filter: QuarantineFilter): Promise<void> {
  const { status = 'held' } = filter
  const others = filter.topic || filter.code ? await countQuarantine(pool, { status }) : []
  if (others.length > 0) context.say(`nothing found; of every topic and code there are: ${byCode(others)}`)
  else context.say(status === 'held' ? 'nothing is held in quarantine' : 'nothing found')
}

const figure = (count: number): string => count.toLocaleString('en-US')
const byCode = (counts: readonly QuarantineCount[]): string =>
  counts.map(({ code, records }) => `${code} ${figure(records)}`).join(', ')

type Counts = Record<'stored' | 'duplicate' | 'held' | 'discarded' | 'found', number>

async function retry(context: CommandContext, pool: Pool, which: Chosen, flags: ChangeFlags): Promise<ExitCode> {
  const request = { operation: 'quarantine retry', target: { ...which }, reason: flags.reason }
  const signing = await signingOf(context.config, pool)
  const counts = await act(
    pool,
    shellOperator(),
    request,
    () => retryRecorded(context, pool, which, { ...flags, signing }),
    counts => counts
  )
  const { stored, duplicate, held, found } = counts
  if ('filter' in which)
    context.out(
      flags.json
        ? printableJson({ stored, duplicate, held })
        : `${figure(stored)} stored, ${figure(duplicate)} duplicates, ${figure(held)} still held`
    )
  if (context.signal.aborted) return exitCodes.interrupted
  if ('filter' in which && found === 0) await sayNothingFound(context, pool, which.filter)
  return held > 0 ? exitCodes.notOk : exitCodes.ok
}

async function retryRecorded(
  context: CommandContext,
  pool: Pool,
  which: Chosen,
  { reason, json, signing }: SignedFlags
): Promise<Counts> {
  const { config, log } = context
  const book = new SchemaBook({ registry: createRegistry({ ...registryOf(config), log }), pool })
  const counts: Counts = { stored: 0, duplicate: 0, held: 0, discarded: 0, found: 0 }
  const again = async (number: number) => {
    try {
      const entry = await retryQuarantined(pool, book, number, config.get('topicPrefix'), reason, signing)
      counts[entry.status] += 1
      return entry
    } catch (error) {
      if (!(error instanceof TrailError) || error.code !== 'NOT_RETRYABLE') throw error
      context.say(error.message)
      counts.held += 1
      return undefined
    }
  }
  if ('numbers' in which) {
    await requireAllHeld(pool, which.numbers)
    for (const number of which.numbers) {
      const entry = await again(number)
      if (entry) context.out(shown(entry, json))
    }
    return counts
  }
  for await (const numbers of heldBatches(pool, which.filter)) {
    counts.found += numbers.length
    for (const number of numbers) {
      if (context.signal.aborted) break
      await again(number).catch(unlessResolved)
    }
    if (context.signal.aborted) break
  }
  return counts
}

// Another program was faster with one of many: it is theirs.
function unlessResolved(error: unknown): undefined {
  if (!(error instanceof TrailError) || error.code !== 'NO_SUCH_ENTRY') throw error
}

async function discard(context: CommandContext, pool: Pool, which: Chosen, flags: ChangeFlags): Promise<ExitCode> {
  const request = { operation: 'quarantine discard', target: { ...which }, reason: flags.reason }
  const signing = await signingOf(context.config, pool)
  const { found } = await act(
    pool,
    shellOperator(),
    request,
    () => discardRecorded(context, pool, which, { ...flags, signing }),
    counts => counts
  )
  if (context.signal.aborted) return exitCodes.interrupted
  if ('filter' in which && found === 0) await sayNothingFound(context, pool, which.filter)
  return exitCodes.ok
}

async function discardRecorded(
  context: CommandContext,
  pool: Pool,
  which: Chosen,
  { reason, json, signing }: SignedFlags
): Promise<{ readonly found: number; readonly discarded: number }> {
  if ('numbers' in which) {
    const entries = await discardQuarantined(pool, which.numbers, reason, signing)
    for (const entry of entries) context.out(shown(entry, json))
    return { found: entries.length, discarded: entries.length }
  }
  let found = 0
  let discarded = 0
  for await (const numbers of heldBatches(pool, which.filter)) {
    found += numbers.length
    if (context.signal.aborted) break
    discarded += await discardHeld(pool, numbers, reason, signing)
  }
  context.out(json ? printableJson({ discarded }) : `${figure(discarded)} discarded`)
  return { found, discarded }
}

const onPool = (context: CommandContext, work: (pool: Pool) => Promise<ExitCode>): Promise<ExitCode> =>
  onTrail(databaseOf(context.config), 'eventtrail-quarantine', work)

const shown = (entry: QuarantineEntry, json: boolean | undefined): string => (json ? printableJson(entry) : line(entry))

function line(entry: QuarantineEntry): string {
  const { number, status, quarantinedAt, topic, partition, offset, lastOffset, code, reason, eventId } = entry
  const offsets = lastOffset === null ? offset : `${offset}-${lastOffset}`
  const place = `${topic}/${partition}@${offsets}`
  const fields = [number, status, quarantinedAt.toISOString(), place, code, reason, eventId ?? '-']
  // A tab within a field would begin another.
  return fields.map(field => printable(String(field))).join('\t')
}

// commander hands over one argument at a time, with what came before it.
function wholeNumbers(text: string, before: number[] = []): number[] {
  return [...before, wholeNumber()(text)]
}
