import type { Command } from 'commander'
import { printable, printableJson } from '../../core/index.ts'
import { bases, type ListedDisclosure, listDisclosures, operationsMigrations } from '../../operations/index.ts'
import { requireTables } from '../../postgres/index.ts'
import { onTrail } from '../../trail/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag, wholeNumber } from '../command.ts'
import { databaseOf } from '../connection.ts'

interface ListFlags {
  readonly person?: string
  readonly limit: number
  readonly before?: number
  readonly json?: boolean
}

/** `eventtrail trail disclosures`. */
export function disclosuresCommand(trail: Command, host: CommandHost): void {
  host
    .connect(trail.command('disclosures'), 'databaseUrl')
    .description('list to whom content was shown, when and why, latest first; never shows content')
    .option(
      '--person <id>',
      'only what concerned this person, and what may have: disclosures without an end, and rows of unknown persons'
    )
    .option('--limit <n>', 'maximum number of disclosures', wholeNumber(1, 10_000), 100)
    .option('--before <number>', 'only those before this one: the next page', wholeNumber())
    .option(...jsonFlag)
    .addHelpText('after', `\nBases (--basis of commands that show content):\n${basisLines().join('\n')}`)
    .action(host.action((context, flags: ListFlags) => list(context, flags)))
}

function basisLines(): string[] {
  return Object.entries(bases).map(
    ([name, { listed, meaning }]) => `  ${name.padEnd(17)} ${meaning}${listed ? '' : ' (99.32(d): not listed)'}`
  )
}

const columns = 'number\tbegan\tstatus\ttool\tparty\tpurpose\tbasis\trows\tof this person\tof unknown persons'

async function list(context: CommandContext, { person, limit, before, json }: ListFlags): Promise<ExitCode> {
  const found = await onTrail(databaseOf(context.config), 'eventtrail-disclosures', async pool => {
    await requireTables(pool, operationsMigrations)
    return await listDisclosures(pool, {
      limit: limit + 1,
      ...(person !== undefined && { person }),
      ...(before !== undefined && { before })
    })
  })
  const shown = found.slice(0, limit)
  if (shown.length > 0 && !json) context.say(columns)
  for (const each of shown) context.out(json ? printableJson(each) : lineOf(each, person !== undefined))
  if (shown.length === 0) context.say('no disclosures')
  if (found.length > limit) context.say(`there are more: --before ${shown.at(-1)?.number}`)
  return exitCodes.ok
}

function lineOf(each: ListedDisclosure, ofPerson: boolean): string {
  const { number, beganAt, status, tool, party, purpose, basis, rows, events, unattributed } = each
  const open = 'no end: counts as given in full'
  const fields = [
    number,
    beganAt.toISOString(),
    status === 'open' ? open : status,
    tool,
    party,
    purpose,
    basis,
    rows ?? '?',
    ofPerson && rows !== null ? (events ?? 0) : '-',
    unattributed ?? '?'
  ]
  // A tab within a field would begin another.
  return fields.map(field => printable(String(field))).join('\t')
}
