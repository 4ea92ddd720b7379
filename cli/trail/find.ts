import type { Command } from 'commander'
import { printableJson, printableJsonText, table } from '../../core/index.ts'
import {
  type Completeness,
  completenessLine,
  type FoundField,
  type FoundPage,
  findEvents,
  isComplete,
  personFieldsOf,
  personsOf,
  planQuestion
} from '../../operations/index.ts'
import { defaultGroup, onTrail, readCursor, readFieldMeanings } from '../../trail/index.ts'
import {
  type CommandContext,
  type CommandHost,
  type ExitCode,
  exitCodes,
  jsonFlag,
  saidWhileWaiting,
  wholeNumber
} from '../command.ts'
import { databaseOf } from '../connection.ts'
import { connectDisclosing, disclosed, statementOf } from '../disclosure.ts'
import { completenessFor } from './completeness.ts'
import { addQuestionFlags, type QuestionFlags, questionOf } from './question-flags.ts'

interface FindFlags extends QuestionFlags {
  readonly limit: number
  readonly after?: string
  readonly group: string
  readonly json?: boolean
}

/** `eventtrail trail find` */
export function findCommand(trail: Command, host: CommandHost): void {
  addQuestionFlags(connectDisclosing(host, trail.command('find'), 'brokers', 'databaseUrl', 'topicPrefix'))
    .description('find events in the trail, newest first, and say what may be missing: recorded')
    .option('--limit <n>', 'maximum number of events', wholeNumber(1, 1_000), 50)
    .option('--after <cursor>', 'continue after this place: the next page, as the page before it says')
    .option('--group <name>', 'consumer group of the sinks, without the prefix', defaultGroup)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nWithout --event-id it needs the indexes of `eventtrail migrate --search`, or --from, and then ends after 5 s.\nThe roles eventtrail_operator and eventtrail_reader may do this; Kafka is asked with DESCRIBE on the topics.'
    )
    .action(host.action((context, flags: FindFlags) => find(context, flags)))
}

async function find(context: CommandContext, flags: FindFlags): Promise<ExitCode> {
  const { limit, after } = flags
  statementOf(context.config)
  const asked = questionOf(flags)
  if (after !== undefined) readCursor(after)
  return onTrail(databaseOf(context.config), 'eventtrail-find', async pool => {
    const meanings = await readFieldMeanings(pool)
    const plan = await planQuestion(pool, asked)
    if (plan.readsAll)
      context.say(
        'Without the search indexes this question reads every row of the trail, and ends after 5 s: `eventtrail migrate --search` builds them'
      )
    const page = await saidWhileWaiting(
      context,
      'waiting for the answer of Postgres',
      findEvents({ pool, meanings, after, limit }, plan)
    )
    const completeness = await completenessFor(context, asked, { pool, meanings, group: flags.group })
    const fields = personFieldsOf(meanings)
    const request = { ...asked, limit, ...(after !== undefined && { after }) }
    await disclosed(context, pool, { tool: 'trail find', request }, async disclosure => {
      for (const { id, event_name: eventName, aggregate_id: aggregateId, payload } of page.events)
        disclosure.count({ id, persons: personsOf(fields, { eventName, aggregateId, payload }) })
      if (flags.json) printJson(context, completeness, page)
      else printTable(context, completeness, page)
      return undefined
    })
    return exitCodes.ok
  })
}

function printTable({ out, say }: CommandContext, completeness: Completeness, { events, next }: FoundPage): void {
  out(completenessLine(completeness))
  const rows = events.map(event => [
    event.occurred_at,
    `${event.event_name} v${event.schema_version}`,
    event.id,
    event.aggregate_id,
    event.actor ?? '-',
    event.source ?? '-',
    event.fields.map(fieldText).join(' · ')
  ])
  if (rows.length > 0)
    for (const line of table([['HAPPENED', 'EVENT', 'ID', 'AGGREGATE', 'ACTOR', 'SOURCE', 'FIELDS'], ...rows]))
      out(line)
  else say('no event found')
  if (next !== undefined) say(`there are more: --after ${next}`)
}

function fieldText({ name, json, unit }: FoundField): string {
  const value: unknown = json.startsWith('"') ? JSON.parse(json) : json
  return `${name} ${value}${unit === undefined ? '' : ` ${unit}`}`
}

function printJson({ out }: CommandContext, completeness: Completeness, { events, next }: FoundPage): void {
  out(
    printableJson({
      kind: 'completeness',
      complete: isComplete(completeness),
      words: completenessLine(completeness),
      ...completeness
    })
  )
  for (const { fields, payload: _, ...row } of events) {
    const units = Object.fromEntries(fields.flatMap(({ name, unit }) => (unit === undefined ? [] : [[name, unit]])))
    const parts = fields.map(({ name, json }) => `${JSON.stringify(name)}:${json}`)
    const head = printableJson({ kind: 'event', ...row, ...(Object.keys(units).length > 0 && { units }) })
    // Written as text, so that no number loses digits.
    out(`${head.slice(0, -1)},"payload":{${printableJsonText(parts.join(','))}}}`)
  }
  if (next !== undefined) out(printableJson({ kind: 'next', after: next }))
}
