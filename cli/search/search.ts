import { type Command, InvalidArgumentError } from 'commander'
import type { DataValue, SearchHit, SearchIndex } from '../../consumers/indexer/index.ts'
import { printableJson } from '../../core/index.ts'
import { personsOfStored } from '../../operations/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag, wholeNumber } from '../command.ts'
import { connectDisclosing, disclosed, onDisclosures, statementOf } from '../disclosure.ts'
import { openIndex } from './index-of.ts'

interface SearchFlags {
  readonly limit: number
  readonly json?: boolean
  readonly prefix?: boolean
  readonly event?: readonly string[]
  readonly where?: Readonly<Record<string, DataValue>>
  readonly after?: string
}

/** `eventtrail search`. */
export function searchCommand(program: Command, host: CommandHost): void {
  connectDisclosing(host, program.command('search'), 'databaseUrl', 'openSearchUrl', 'searchLanguage')
    .description('search the documents of the indexer; who is shown them is recorded')
    .showHelpAfterError(
      '(words that begin with - follow --, as in `eventtrail search -- shoes -running`; `eventtrail search --help` lists the options)'
    )
    .argument('<words...>', 'words to search for, in quotes: \'"a phrase" or this -without\'')
    .option('--limit <n>', 'maximum number of results', wholeNumber(1, 1_000), 10)
    .option('--prefix', 'let the last word be the beginning of one')
    .option('--event <name>', 'only documents of this event; may be given several times', several)
    .option('--where <name=value>', 'only documents with this value in their data; may be given several times', pair)
    .option('--after <place>', 'continue after a page: what it printed as its end')
    .option(...jsonFlag)
    .action(host.action((context, words: string[], flags: SearchFlags) => runSearch(context, words.join(' '), flags)))
}

const several = (name: string, names: readonly string[] = []): readonly string[] => [...names, name]

/** A number, true, false and null are what they are in JSON, all else is a text; `"7"` in quotes is a text too. */
function pair(text: string, others: Readonly<Record<string, DataValue>> = {}): Readonly<Record<string, DataValue>> {
  const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined) throw new InvalidArgumentError('Expected name=value.')
  return { ...others, [name]: asValue(value) }
}

function asValue(text: string): DataValue {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? text : (value as DataValue)
  } catch {
    return text
  }
}

async function runSearch(context: CommandContext, text: string, flags: SearchFlags): Promise<ExitCode> {
  statementOf(context.config)
  return onDisclosures(context.config, async pool => {
    const { index, close } = await openIndex(context.config, { creates: false })
    try {
      return await searchIn(context, index, pool, text, flags)
    } finally {
      await close()
    }
  })
}

async function searchIn(
  context: CommandContext,
  index: SearchIndex,
  pool: Pool,
  text: string,
  flags: SearchFlags
): Promise<ExitCode> {
  const { limit, json, prefix, event, where, after } = flags
  const { hits, next } = await index.search(text, {
    limit,
    ...(prefix && { prefix }),
    ...(event && { eventNames: event }),
    ...(where && { data: where }),
    ...(after !== undefined && { after })
  })
  const ids = hits.map(({ event_id }) => event_id)
  const persons = await personsOfStored(pool, ids)
  await disclosed(context, pool, { tool: 'search', request: { words: text, ...flags } }, async disclosure => {
    for (const hit of hits) {
      disclosure.count({ id: hit.event_id, persons: persons.get(hit.event_id) })
      context.out(json ? inJson(hit) : inWords(hit))
    }
    return undefined
  })
  if (hits.length === 0) context.say(`Nothing found among ${await index.count()} documents.`)
  if (next !== undefined) context.say(`There are more: --after ${next}`)
  return exitCodes.ok
}

const timeOf = ({ occurred_at }: SearchHit): string => new Date(Number(occurred_at / 1_000n)).toISOString()

const inJson = (hit: SearchHit): string => printableJson({ ...hit, occurred_at: timeOf(hit) })

/** The words that were searched for are between stars. */
function inWords(hit: SearchHit): string {
  const shown = hit.highlight.map(({ text, match }) => (match ? `*${text}*` : text)).join('')
  const title = hit.title === undefined ? '' : `${hit.title}${shown === '' ? '' : ': '}`
  return `${hit.id}  ${timeOf(hit).slice(0, 10)}  ${title}${shown}`.replace(/\s*\n\s*/g, ' · ')
}
