import type { Command } from 'commander'
import { groupMetrics } from '../../consumers/index.ts'
import { createIndexer } from '../../consumers/indexer/index.ts'
import type { CommandContext, CommandHost, ExitCode } from '../command.ts'
import {
  addCatalogueFlags,
  addStartFlag,
  type CatalogueFlags,
  configuredCatalogue,
  greetingOf,
  groupConfig,
  runGroup,
  type StartFlags,
  startOf
} from '../commands/index.ts'
import { loadDocuments, type MappingFlags } from '../mappings/index.ts'
import { createStatus } from '../status.ts'
import { openIndex } from './index-of.ts'

interface IndexerFlags extends CatalogueFlags, MappingFlags, StartFlags {
  readonly group: string
}

/** `eventtrail indexer`. */
export function indexerCommand(program: Command, host: CommandHost): void {
  host
    .connect(
      addStartFlag(addCatalogueFlags(program.command('indexer'), { mappings: true })),
      'schemasDir',
      'brokers',
      'registryUrl',
      'databaseUrl',
      'openSearchUrl',
      'searchLanguage',
      'topicPrefix',
      'statusPort'
    )
    .description('keep search documents of events in Postgres or OpenSearch, until it is stopped')
    .option('--mappings <file>', 'JSON file or module that says what the document of each event is')
    .option('--group <name>', 'consumer group, without the prefix; indexers of one group share the work', 'indexer')
    .addHelpText(
      'after',
      '\nRun `eventtrail migrate --with indexer` first, or set OPENSEARCH_URL (with `npm install @opensearch-project/opensearch`). Search the documents with `eventtrail search <words>`.'
    )
    .action(host.action((context, flags: IndexerFlags) => runIndexer(context, flags), { finishes: true }))
}

async function runIndexer(context: CommandContext, flags: IndexerFlags): Promise<ExitCode> {
  const { config, log } = context
  const { group } = flags
  const catalogue = await configuredCatalogue(config, flags)
  const documents = await loadDocuments(flags, catalogue)
  const { index, reach, close } = await openIndex(config, { log, creates: true })
  try {
    const options = { ...groupConfig(config), ...startOf(flags) }
    await using status = await createStatus(context, groupMetrics)
    const { meter } = status
    const indexer = createIndexer({ ...options, group, catalogue, documents, index, log, meter })
    const greeting = greetingOf('indexer', { ...options, group }, documents)
    return await runGroup(context, { group: indexer, greeting, status, servers: [reach] })
  } finally {
    await close()
  }
}
