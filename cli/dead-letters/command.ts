import type { Command } from 'commander'
import { printableJson, UsageError } from '../../core/index.ts'
import {
  countLetters,
  discard,
  examineLetters,
  groupTopics,
  type LetterState,
  listLetters,
  type MadePlan,
  makePlan,
  type RedriveProgress,
  readCatalogue,
  redrive,
  shellOperator
} from '../../operations/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, reason, wholeNumber } from '../command.ts'
import { addFilterFlags, addGroupFlags, type FilterFlags, filterOf, type GroupFlags } from './flags.ts'
import { bookOf, type Parts, withParts } from './parts.ts'
import { showCommand } from './show.ts'
import { columns, countLines, examinationLines, figure, lineOf, outcomeLines, planLines } from './words.ts'

interface ListFlags extends GroupFlags, FilterFlags {
  readonly state: LetterState | 'all'
  readonly limit: number
}

interface ActFlags extends GroupFlags, FilterFlags {
  readonly plan?: number
  readonly all?: boolean
  readonly dryRun?: boolean
  readonly reason?: string
}

interface RedriveFlags extends ActFlags {
  readonly again?: boolean
  readonly rate: number
  readonly wait: boolean
}

const states = ['open', 'redriven', 'handled', 'dead again', 'discarded', 'all']

/** `eventtrail dead-letters list|show|redrive|discard` */
export function deadLetterCommands(program: Command, host: CommandHost): void {
  const letters = program
    .command('dead-letters')
    .description('list, show, redrive or discard the messages that a consumer group gave up on')

  addFilterFlags(addGroupFlags(host.connect(letters.command('list'), 'brokers', 'databaseUrl', 'topicPrefix')))
    .description('list dead letters, oldest first, and count them; never shows content')
    .option('--state <state>', `${states.join(', ')}`, 'open')
    .option('--limit <n>', 'maximum number of letters', wholeNumber(), 100)
    .action(host.action((context, flags: ListFlags) => list(context, flags)))

  showCommand(letters, host)

  const acting = (name: string, ...more: 'registryUrl'[]): Command =>
    addFilterFlags(addGroupFlags(host.connect(letters.command(name), 'brokers', 'databaseUrl', 'topicPrefix', ...more)))
      .option('--all', 'all letters that are open')
      .option('--plan <n>', 'the letters of a plan that --dry-run made', wholeNumber())
      .option('--dry-run', 'make a plan, print its number and what is in it, and do nothing else')
      .option('--reason <text>', 'why; kept in operator_actions (required without --dry-run)', reason)

  acting('redrive', 'registryUrl')
    .description('send letters to their group again, in order for each aggregate; no other group sees them')
    .option('--again', 'also letters that were redriven three times')
    .option('--rate <n>', 'letters a second at most', wholeNumber(1, 100_000), 100)
    .option('--no-wait', 'do not wait until the group has handled them')
    .addHelpText(
      'after',
      '\nInterrupted, the same command with --plan continues: each letter is sent once.\nWhat is parked of an aggregate meanwhile follows in another round, up to ten.\n--dry-run counts what was handled since from another letter; it cannot see what a rewind of the group made it handle again.\nExits 1 where letters are dead again, still wait or were skipped, or aggregates are still parked.'
    )
    .action(host.action((context, flags: RedriveFlags) => runRedrive(context, flags), { finishes: true }))

  acting('discard')
    .description('give up on letters: they stay in their topic and are not open any more')
    .addHelpText(
      'after',
      '\nWhere the group parks aggregates, discarding the last letter of one lets the group resume with its next event, without those that were discarded.'
    )
    .action(host.action((context, flags: ActFlags) => runDiscard(context, flags), { finishes: true }))
}

async function list(context: CommandContext, flags: ListFlags): Promise<ExitCode> {
  if (!states.includes(flags.state)) throw new UsageError(`Expected --state to be ${states.join(', ')}`)
  return withParts(context, flags, async parts => {
    const topic = await readCatalogue({ ...parts, onRead: reading(context) }, parts)
    if (context.interactive) context.draw('\r\x1b[K')
    const filter = filterOf(context.config, flags)
    const letters = await listLetters(parts.pool, topic, { ...filter, state: flags.state, limit: flags.limit })
    if (letters.length > 0 && !flags.json) context.say(columns)
    for (const letter of letters) context.out(flags.json ? printableJson(letter) : lineOf(letter))
    const counts = await countLetters(parts.pool, topic, filter)
    const total = counts
      .filter(({ state }) => flags.state === 'all' || state === flags.state)
      .reduce((sum, { letters }) => sum + letters, 0)
    if (total > letters.length) context.say(`${figure(letters.length)} of ${figure(total)} shown: --limit N shows more`)
    for (const line of counts.length > 0 ? countLines(counts) : ['no dead letter matches']) context.say(line)
    return exitCodes.ok
  })
}

async function runRedrive(context: CommandContext, flags: RedriveFlags): Promise<ExitCode> {
  requireChoice(context, flags)
  return withParts(context, flags, async parts => {
    const plan = flags.plan ?? (await planned(context, parts, 'redrive', flags))
    if (plan === undefined || flags.dryRun || flags.reason === undefined) return exitCodes.ok
    await using sender = await parts.client.connectSender()
    const outcome = await redrive({ ...parts, sender }, shellOperator(), {
      ...parts,
      plan,
      reason: flags.reason,
      perSecond: flags.rate,
      wait: flags.wait,
      signal: context.signal,
      onProgress: progress => draw(context, progress)
    })
    if (context.interactive) context.draw('\r\x1b[K')
    for (const line of flags.json ? [printableJson(outcome)] : outcomeLines(outcome)) context.out(line)
    if (flags.wait && outcome.released === null)
      context.say(
        `which aggregates are parked cannot be read, so that it is not known which were released: grant READ on ${groupTopics(parts).parked}; \`eventtrail acls operator\` prints the commands`
      )
    if (flags.wait && outcome.waiting > 0)
      context.say(
        `the group has not handled ${figure(outcome.waiting)} of them yet: \`eventtrail dead-letters list\` shows later what became of them`
      )
    const isHandled = outcome.waiting === 0 || !flags.wait
    const isClean = isHandled && outcome.deadAgain + outcome.skipped + (outcome.stillParked ?? 0) === 0
    return isClean ? exitCodes.ok : exitCodes.notOk
  })
}

async function runDiscard(context: CommandContext, flags: ActFlags): Promise<ExitCode> {
  requireChoice(context, flags)
  return withParts(context, flags, async parts => {
    const plan = flags.plan ?? (await planned(context, parts, 'discard', flags))
    if (plan === undefined || flags.dryRun || flags.reason === undefined) return exitCodes.ok
    const request = { ...parts, plan, reason: flags.reason, signal: context.signal }
    const outcome = await discard({ ...parts, sender: () => parts.client.connectSender() }, shellOperator(), request)
    const { action, discarded, released } = outcome
    const more = released > 0 ? `; the group is asked to release ${figure(released)} parked aggregates` : ''
    context.out(flags.json ? printableJson(outcome) : `action ${action}: ${figure(discarded)} discarded${more}`)
    return exitCodes.ok
  })
}

/** @throws UsageError unless there is either a plan or what to choose letters by */
function requireChoice({ config }: CommandContext, flags: ActFlags): void {
  const { plan, all = false, dryRun = false, reason } = flags
  const filtered = Object.keys(filterOf(config, flags)).length > 0
  if ([plan !== undefined, all, filtered].filter(Boolean).length !== 1)
    throw new UsageError('Expected one of --plan, --all, or flags that choose letters such as --code and --event')
  if (plan !== undefined && dryRun) throw new UsageError('--dry-run makes a plan, and --plan carries one out')
  if (dryRun === (reason !== undefined))
    throw new UsageError(dryRun ? '--dry-run does nothing that needs a --reason' : '--reason is required')
}

/** Makes a plan and says what is in it. @returns its number; undefined where it is empty */
async function planned(
  context: CommandContext,
  parts: Parts,
  operation: 'redrive' | 'discard',
  flags: ActFlags & { readonly again?: boolean }
): Promise<number | undefined> {
  const filter = filterOf(context.config, flags)
  const made = await makePlan(parts, shellOperator(), { ...parts, operation, filter, again: flags.again ?? false })
  const examination =
    operation === 'redrive' && flags.dryRun && made.plan ? await examined(context, parts, made) : undefined
  const lines = [...planLines(made), ...(examination ? examinationLines(examination) : [])]
  if (made.plan === undefined) context.say('no open dead letter that matches can be taken')
  const print = flags.dryRun && !flags.json ? context.out : context.say
  for (const line of lines) print(line)
  if (flags.dryRun && flags.json)
    context.out(
      printableJson({
        plan: made.plan?.id ?? null,
        letters: made.letters.length,
        aggregates: made.aggregates,
        added: made.added,
        leftOut: made.leftOut,
        ...(examination && { ...examination, faults: Object.fromEntries(examination.faults) })
      })
    )
  if (flags.dryRun && made.plan)
    context.say(
      `run it: eventtrail dead-letters ${operation} --group ${flags.group} --plan ${made.plan.id} --reason 'WHY'`
    )
  return made.plan?.id
}

function examined(context: CommandContext, parts: Parts, made: MadePlan) {
  const { signal } = context
  const { pool, reader, topicPrefix } = parts
  const book = bookOf(context, pool)
  return examineLetters({ pool, reader, book, topicPrefix, signal }, made.topic, made.letters)
}

/** Says how far the catalogue has come: the first time a group has many letters. */
const reading =
  ({ interactive, draw }: CommandContext) =>
  ({ next, end }: { readonly next: number; readonly end: number }): void => {
    if (interactive) draw(`\r\x1b[Kreading letters: ${figure(next)} of ${figure(end)}`)
  }

function draw({ interactive, draw }: CommandContext, { sent, total, states }: RedriveProgress): void {
  if (!interactive) return
  const after = states ? `, ${figure(states.handled)} handled, ${figure(states['dead again'])} dead again` : ''
  draw(`\r\x1b[K${figure(sent)} of ${figure(total)} sent${after}`)
}
