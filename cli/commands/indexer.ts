import type { Command } from 'commander'
import { groupMetrics } from '../../consumers/index.ts'
import {
  createIndexer,
  documentTable,
  indexerMigrations,
  indexerSessions,
  openPostgresIndex,
  postgresIndex
} from '../../consumers/indexer/index.ts'
import { printableJson } from '../../core/index.ts'
import { openDatabase, requireTables } from '../../postgres/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, wholeNumber } from '../command.ts'
import { createStatus } from '../status.ts'
import { groupConfig, runGroup } from './run-group.ts'

interface IndexerFlags {
  readonly group: string
}

interface SearchFlags {
  readonly limit: number
  readonly json?: boolean
}

/** `eventtrail indexer` and `eventtrail search`. */
export function indexerCommands(program: Command, host: CommandHost): void {
  host
    .connect(program.command('indexer'), 'brokers', 'registryUrl', 'databaseUrl', 'topicPrefix', 'statusPort')
    .description('keep a search document per lesson from lesson.published, until it is stopped')
    .option('--group <name>', 'consumer group, without the prefix; indexers of one group share the work', 'indexer')
    .addHelpText('after', '\nRun `eventtrail migrate` once before. Try it with `eventtrail search <words>`.')
    .action(host.action((context, flags: IndexerFlags) => runIndexer(context, flags), { finishes: true }))

  host
    .connect(program.command('search'), 'databaseUrl')
    .description('find lessons that the indexer knows')
    .showHelpAfterError(
      '(--help shows what there is; words that begin with - go behind --: search -- fractions -basic)'
    )
    .argument('<words...>', 'words of the title, in quotes: \'"a phrase" or this -without\'')
    .option('--limit <n>', 'hits to show', wholeNumber(), 10)
    .option('--json', 'one JSON object a line')
    .action(host.action((context, words: string[], flags: SearchFlags) => runSearch(context, words.join(' '), flags)))
}

async function runIndexer(context: CommandContext, { group }: IndexerFlags): Promise<ExitCode> {
  const { config, log } = context
  const database = openDatabase(config.require('databaseUrl'), indexerSessions)
  try {
    await database.requireFit()
    await requireTables(database, indexerMigrations, documentTable)
    const options = groupConfig(config)
    await using status = await createStatus(context, groupMetrics)
    const { meter } = status
    const indexer = createIndexer({ ...options, group, index: postgresIndex(database), log, meter })
    const greeting = `eventtrail indexer: group ${options.topicPrefix}${group}, reading ${options.topicPrefix}lesson.published`
    return await runGroup(context, { group: indexer, greeting, status, servers: [database.reach] })
  } finally {
    await database.close()
  }
}

async function runSearch(context: CommandContext, text: string, { limit, json }: SearchFlags): Promise<ExitCode> {
  const index = await openPostgresIndex(context.config.require('databaseUrl'))
  try {
    const hits = await index.search(text, { limit })
    for (const { published_at, ...lesson } of hits) {
      const published = new Date(Number(published_at / 1_000n)).toISOString()
      if (json) context.out(printableJson({ ...lesson, published_at: published }))
      else context.out(`${lesson.lesson_id}  ${published.slice(0, 10)}  ${lesson.title}`)
    }
    if (hits.length === 0) context.say(`Nothing found among ${await index.count()} lessons.`)
    return exitCodes.ok
  } finally {
    await index.close()
  }
}
