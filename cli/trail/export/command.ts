import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { asOneOf, counted, printableJson } from '../../../core/index.ts'
import {
  type Completeness,
  completenessLine,
  type Disclosure,
  type EndedDisclosure,
  isComplete,
  operationsMigrations
} from '../../../operations/index.ts'
import { requireTables } from '../../../postgres/index.ts'
import { defaultGroup, onTrail, type Question, questionSql, readFieldMeanings } from '../../../trail/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag, parsed } from '../../command.ts'
import { databaseOf } from '../../connection.ts'
import { connectDisclosing, disclosed, statementOf } from '../../disclosure.ts'
import { keepHeapSmall } from '../../small-heap.ts'
import { completenessFor } from '../completeness.ts'
import { addQuestionFlags, type QuestionFlags, questionOf } from '../question-flags.ts'
import { csv, type RowFormat, textFile } from './formats.ts'
import { openOutput } from './output.ts'
import { parquet } from './parquet.ts'
import { writeRows } from './write.ts'

const formats = { ndjson: 'lines', csv: textFile(csv), parquet } as const satisfies Record<string, RowFormat | 'lines'>
const formatNames = Object.keys(formats) as (keyof typeof formats)[]

interface ExportFlags extends QuestionFlags {
  readonly format: keyof typeof formats
  readonly out: string
  readonly group: string
  readonly json?: boolean
}

const application = 'eventtrail-export'

/** `eventtrail trail export`. */
export function exportCommand(trail: Command, host: CommandHost): void {
  addQuestionFlags(connectDisclosing(host, trail.command('export'), 'brokers', 'databaseUrl', 'topicPrefix'))
    .description('write events of the trail into a file, as they are at one moment, with a receipt; recorded')
    .requiredOption('--out <file>', 'a new file, or - for stdout')
    .option(
      '--format <format>',
      'ndjson (every digit as it is in the trail), csv or parquet',
      parsed(asOneOf(formatNames)),
      'ndjson'
    )
    .option('--group <name>', 'consumer group of the sinks, without the prefix', defaultGroup)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nThe file has its name once it is whole, and FILE.receipt.json then has rows, bytes and SHA-256; with --out - the receipt is a line on stderr. Events are in the order of their ids.'
    )
    .action(host.action((context, flags: ExportFlags) => run(context, flags), { finishes: true }))
}

async function run(context: CommandContext, flags: ExportFlags): Promise<ExitCode> {
  statementOf(context.config)
  const question = questionOf(flags)
  // The other formats hold rows as objects: their collections would cost more than they save.
  if (formats[flags.format] === 'lines') keepHeapSmall()
  return onTrail(databaseOf(context.config), application, async pool => {
    await requireTables(pool, operationsMigrations)
    const meanings = await readFieldMeanings(pool)
    // A question that is refused leaves no file and no disclosure.
    const statement = questionSql(question, meanings, { order: 'id' })
    const completeness = await completenessFor(context, question, { pool, meanings, group: flags.group })
    const output = await openOutput(flags.out, context.stdout)
    const request = { question, format: flags.format, ...(output.file !== undefined && { file: output.file }) }
    const { config, signal } = context
    const source = { database: databaseOf(config), pool, applicationName: application, signal }
    const give = (disclosure: Disclosure) =>
      writeRows(context, { statement, meanings, source, output, format: formats[flags.format] }, disclosure)
    const ended = await disclosed(context, pool, { tool: 'trail export', request }, give).catch(async error => {
      await output.discard()
      throw error
    })
    if (context.interactive) context.draw('\r\x1b[K')
    if (!ended.complete) {
      await output.discard()
      const { number, rows } = ended
      context.say(
        `the export was broken off after ${counted(rows, 'event')}, which disclosure ${number} has; ${flags.out} is not complete`
      )
      return exitCodes.interrupted
    }
    await giveReceipt(context, output.file, receiptOf(context, ended, question, completeness, flags), flags)
    return exitCodes.ok
  })
}

/** What goes with a file: what it is, and how to see that it is still the same. */
function receiptOf(
  { config }: CommandContext,
  ended: EndedDisclosure,
  question: Question,
  completeness: Completeness,
  { format }: ExportFlags
) {
  const { number, rows, unattributed, bytes, sha256 } = ended
  return {
    format,
    rows,
    bytes: bytes ?? 0,
    sha256: sha256?.toString('hex') ?? '',
    question,
    ...statementOf(config),
    disclosure: number,
    ofUnknownPersons: unattributed,
    exportedAt: new Date().toISOString(),
    completeness: { complete: isComplete(completeness), words: completenessLine(completeness), ...completeness }
  }
}

async function giveReceipt(
  { out, say }: CommandContext,
  file: string | undefined,
  receipt: ReturnType<typeof receiptOf>,
  { json }: ExportFlags
): Promise<void> {
  if (file === undefined) {
    say(printableJson(receipt))
    return
  }
  const place = `${file}.receipt.json`
  await writeFile(place, `${JSON.stringify({ file, ...receipt }, null, 2)}\n`, { mode: 0o600 })
  if (json) return out(printableJson({ file, ...receipt }))
  out(receipt.completeness.words)
  out(`${counted(receipt.rows, 'event')}, ${counted(receipt.bytes, 'byte')}, SHA-256 ${receipt.sha256}`)
  out(`disclosure ${receipt.disclosure}; receipt ${place}`)
}
