import type { Command } from 'commander'
import { groupMetrics } from '../../consumers/index.ts'
import {
  createIndexer,
  documentTable,
  indexerMigrations,
  indexerSessions,
  postgresIndex,
  searchIndexOn
} from '../../consumers/indexer/index.ts'
import { printableJson } from '../../core/index.ts'
import { openDatabase, requireTables } from '../../postgres/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag, wholeNumber } from '../command.ts'
import { databaseOf } from '../connection.ts'
import { loadDocuments, type MappingFlags } from '../mappings/index.ts'
import { createStatus } from '../status.ts'
import { addCatalogueFlags, type CatalogueFlags, configuredCatalogue } from './catalogue.ts'
import { greetingOf, groupConfig, runGroup } from './run-group.ts'

interface IndexerFlags extends CatalogueFlags, MappingFlags {
  readonly group: string
}

/** How much of a document's text a hit shows. */
const shownLetters = 200

interface SearchFlags {
  readonly limit: number
  readonly json?: boolean
}

/** `eventtrail indexer` and `eventtrail search`. */
export function indexerCommands(program: Command, host: CommandHost): void {
  host
    .connect(
      addCatalogueFlags(program.command('indexer'), { mappings: true }),
      'schemasDir',
      'brokers',
      'registryUrl',
      'databaseUrl',
      'topicPrefix',
      'statusPort'
    )
    .description('keep search documents of events in Postgres, until it is stopped')
    .option('--mappings <file>', 'JSON file or module that says what the document of each event is')
    .option('--group <name>', 'consumer group, without the prefix; indexers of one group share the work', 'indexer')
    .addHelpText(
      'after',
      '\nRun `eventtrail migrate --with indexer` first. Search the documents with `eventtrail search <words>`.'
    )
    .action(host.action((context, flags: IndexerFlags) => runIndexer(context, flags), { finishes: true }))

  host
    .connect(program.command('search'), 'databaseUrl')
    .description('search the documents of the indexer')
    .showHelpAfterError(
      '(words that begin with - follow --, as in `eventtrail search -- shoes -running`; `eventtrail search --help` lists the options)'
    )
    .argument('<words...>', 'words to search for, in quotes: \'"a phrase" or this -without\'')
    .option('--limit <n>', 'maximum number of results', wholeNumber(), 10)
    .option(...jsonFlag)
    .action(host.action((context, words: string[], flags: SearchFlags) => runSearch(context, words.join(' '), flags)))
}

async function runIndexer(context: CommandContext, flags: IndexerFlags): Promise<ExitCode> {
  const { config, log } = context
  const { group } = flags
  const catalogue = await configuredCatalogue(config, flags)
  const documents = await loadDocuments(flags, catalogue)
  const database = openDatabase(databaseOf(config, log), indexerSessions)
  try {
    await database.requireFit()
    await requireTables(database, indexerMigrations, documentTable)
    const options = groupConfig(config)
    await using status = await createStatus(context, groupMetrics)
    const { meter } = status
    const index = searchIndexOn(database)
    const indexer = createIndexer({ ...options, group, catalogue, documents, index, log, meter })
    const greeting = greetingOf('indexer', { ...options, group }, documents)
    return await runGroup(context, { group: indexer, greeting, status, servers: [database.reach] })
  } finally {
    await database.close()
  }
}

async function runSearch(context: CommandContext, text: string, { limit, json }: SearchFlags): Promise<ExitCode> {
  const index = postgresIndex({ postgres: databaseOf(context.config) })
  try {
    await index.check()
    const hits = await index.search(text, { limit })
    for (const { occurred_at, ...document } of hits) {
      const occurred = new Date(Number(occurred_at / 1_000n)).toISOString()
      if (json) context.out(printableJson({ ...document, occurred_at: occurred }))
      else context.out(`${document.id}  ${occurred.slice(0, 10)}  ${document.text.slice(0, shownLetters)}`)
    }
    if (hits.length === 0) context.say(`Nothing found among ${await index.count()} documents.`)
    return exitCodes.ok
  } finally {
    await index.close()
  }
}
