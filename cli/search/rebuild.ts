import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { kafkaSource, type RebuildProgress, type RebuildSource, rebuildIndex } from '../../consumers/indexer/index.ts'
import { counted, printableJson, UsageError } from '../../core/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag } from '../command.ts'
import { addCatalogueFlags, type CatalogueFlags, configuredCatalogue, groupConfig } from '../commands/index.ts'
import { loadDocuments, type MappingFlags } from '../mappings/index.ts'
import { openIndex } from './index-of.ts'
import { trailThenKafka } from './trail-source.ts'

const sources = ['kafka', 'trail'] as const

interface RebuildFlags extends CatalogueFlags, MappingFlags {
  readonly json?: boolean
  readonly from: string
}

const reportEveryMs = 5_000

/** `eventtrail index rebuild`. */
export function rebuildCommand(program: Command, host: CommandHost): void {
  const index = program.command('index').description('the index of the search documents as a whole')
  host
    .connect(
      addCatalogueFlags(index.command('rebuild'), { mappings: true }),
      'schemasDir',
      'brokers',
      'registryUrl',
      'databaseUrl',
      'openSearchUrl',
      'searchLanguage',
      'topicPrefix'
    )
    .description('build the index again from all events while it is searched and written to, then switch to it')
    .option('--mappings <file>', 'JSON file or module that says what the document of each event is')
    .option(
      '--from <source>',
      'kafka: the events that Kafka still has; trail: those of the trail in Postgres first, where the retention of Kafka has passed',
      'kafka'
    )
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nRunning indexers continue meanwhile. One that is interrupted continues when it is called again with the same mappings. In Postgres it needs the owner of the tables, as `eventtrail migrate` does.'
    )
    .action(host.action((context, flags: RebuildFlags) => runRebuild(context, flags), { finishes: true }))
}

async function runRebuild(context: CommandContext, flags: RebuildFlags): Promise<ExitCode> {
  const { config, log, signal, say } = context
  if (!sources.some(each => each === flags.from))
    throw new UsageError(`--from: expected one of ${sources.join(', ')}, got ${flags.from}`)
  const catalogue = await configuredCatalogue(config, flags)
  const documents = await loadDocuments(flags, catalogue)
  const eventNames = Object.keys(documents)
  const { connection, topicPrefix } = groupConfig(config)
  const opened = await openIndex(config, { log, creates: true })
  const kafka = kafkaSource({ connection, catalogue, topicPrefix, eventNames, log })
  const source: RebuildSource & Partial<AsyncDisposable> =
    flags.from === 'trail' ? trailThenKafka(config, { catalogue, eventNames, kafka }) : kafka
  let reported = performance.now()
  const onProgress = (progress: RebuildProgress): void => {
    if (progress.phase !== 'building' || performance.now() - reported < reportEveryMs) return
    reported = performance.now()
    say(`eventtrail index rebuild: ${Math.floor(progress.done * 100)} %, ${inWords(progress)}`)
  }
  try {
    say(`eventtrail index rebuild: reading ${eventNames.join(', ')} into a new index in ${opened.where}`)
    const key = keyOf(flags, config.get('searchLanguage'))
    const { index } = opened
    const result = await rebuildIndex({ index, documents, source, key, signal, onProgress, log })
    const documentsNow = await index.count()
    const { events, written, refused, unreadable } = result
    context.out(
      flags.json
        ? printableJson({ events, written, refused, unreadable, documents: documentsNow })
        : `rebuilt: ${inWords(result)}; the index has ${counted(documentsNow, 'document')}`
    )
    return result.refused > 0 ? exitCodes.notOk : exitCodes.ok
  } catch (error) {
    if (!signal.aborted) throw error
    say('eventtrail index rebuild: interrupted; the same command continues')
    return exitCodes.interrupted
  } finally {
    await source[Symbol.asyncDispose]?.()
    await kafka.close()
    await opened.close()
  }
}

const inWords = ({ events, written, refused, unreadable }: RebuildProgress): string =>
  [
    counted(events, 'event'),
    `${written} written`,
    ...(refused > 0 ? [`${refused} refused (the log has their ids)`] : []),
    ...(unreadable > 0 ? [`${unreadable} that are no events of these schemas`] : [])
  ].join(', ')

/** Changes with what is indexed: mappings that are code by their text. */
function keyOf({ mappings, example, from }: RebuildFlags, language: string): string {
  const text = mappings === undefined ? `example ${example}` : readFileSync(mappings, 'utf8')
  return createHash('sha256').update(`${from}\n${language}\n${text}`).digest('hex').slice(0, 16)
}
