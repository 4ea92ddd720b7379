import { type Command, InvalidArgumentError } from 'commander'
import { type Finding, type Place, ProofWatch, placeWords, watchMetrics } from '../../audit/index.ts'
import { counted, printableJson } from '../../core/index.ts'
import { createKafkaClient } from '../../kafka/kafkajs/index.ts'
import { createRegistry, eventNamePattern } from '../../schemas/index.ts'
import { defaultGroup } from '../../trail/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag, milliseconds } from '../command.ts'
import { connectionOf } from '../connection.ts'
import { createStatus } from '../status.ts'
import { logPlaces } from './places.ts'
import { readTrust } from './trust.ts'

interface WatchFlags {
  readonly group: string
  readonly sinkGroup: string
  readonly events?: readonly string[]
  readonly within?: number
  readonly every?: number
  readonly once?: boolean
  readonly json?: boolean
}

const defaultWithinMs = 600_000
const defaultEveryMs = 10_000

/** `eventtrail proof watch` */
export function watchCommand(proof: Command, host: CommandHost): void {
  host
    .connect(proof.command('watch'), 'brokers', 'registryUrl', 'topicPrefix', 'proofStore', 'proofTrust', 'statusPort')
    .description(
      'read the topics of a sink, and compare the records with what the sink has signed, until it is stopped'
    )
    .option('--group <name>', 'consumer group of this command, without the prefix', 'proof-watch')
    .option('--sink-group <name>', 'consumer group of the sink, without the prefix', defaultGroup)
    .option('--events <names>', 'only these event names, comma-separated (default: all of the registry)', eventNames)
    .option(
      '--within <ms>',
      `time after which a record without a statement is a finding (default: ${defaultWithinMs})`,
      milliseconds(0)
    )
    .option('--every <ms>', `time between two looks at the log (default: ${defaultEveryMs})`, milliseconds(100))
    .option('--once', 'compare up to the ends that the logs have now, and end; exits 1 when something differs')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nThis needs Kafka, the registry and the log of the proof, and no database: someone else than the operator of the sink can run it. It finds a sink that leaves records out or stores other ones, as long as Kafka has the records.\nThe group begins with the oldest record of Kafka, and continues where it stopped. Exits 1 with findings.'
    )
    .action(host.action((context, flags: WatchFlags) => watch(context, flags), { finishes: true }))
}

async function watch(context: CommandContext, flags: WatchFlags): Promise<ExitCode> {
  const { config, log, signal, say, out } = context
  const { group, sinkGroup, events, once = false, json = false } = flags
  const warn = (words: string): void => say(`eventtrail proof watch: ${words}`)
  const trust = readTrust(config.require('proofTrust'))
  const { registry } = connectionOf(config)
  const stores = await logPlaces(config, warn)
  const topicPrefix = config.get('topicPrefix')
  await using status = await createStatus(context, watchMetrics)
  const watching = new ProofWatch({
    client: createKafkaClient({
      ...{ brokers: config.require('brokers'), security: config.security },
      ...{ clientId: 'eventtrail-proof-watch', log }
    }),
    registry: createRegistry({ ...registry, log }),
    ...{ group: topicPrefix + group, sinkGroup: topicPrefix + sinkGroup, topicPrefix, eventNames: events },
    ...{ stores, trust, log, meter: status.meter, maxBatchBytes: config.get('maxBatchBytes') },
    ...{ withinMs: flags.within ?? defaultWithinMs, everyMs: flags.every ?? defaultEveryMs },
    onFinding: finding => out(json ? lineOf('finding', finding) : wordsOf(finding)),
    onUncompared: (place, words) =>
      out(json ? lineOf('uncompared', { place, words }) : `not compared  ${placeWords(place)}: ${words}`)
  })
  let isWhole = true
  if (once) isWhole = await watching.once(signal)
  else {
    await status.serve(() => watching.health())
    warn(`group ${topicPrefix}${group}, comparing group ${topicPrefix}${sinkGroup} with its topics; Ctrl-C stops it`)
    await watching.run(signal)
  }
  const counts = watching.counts()
  if (json) out(printableJson({ kind: 'result', ...counts }))
  else
    out(
      `${counted(counts.compared, 'record')} compared in ${counted(counts.partitions, 'partition')}, ${counts.waiting} wait for a statement, ${counted(counts.findings, 'finding')}; the log has ${counts.entries} entries`
    )
  if (once && signal.aborted) return exitCodes.interrupted
  if (counts.findings > 0) return exitCodes.notOk
  if (isWhole) return exitCodes.ok
  warn('the log of the proof could not be read to its end: nothing is known of what is new in it')
  return exitCodes.unavailable
}

const wordsOf = ({ code, place, words }: Finding): string => `${code}  ${placeWords(place)}: ${words}`

const lineOf = (kind: string, { place, ...what }: { readonly place: Place; readonly words: string }): string =>
  printableJson({ kind, ...place, ...what })

function eventNames(text: string): readonly string[] {
  const names = text.split(',').map(name => name.trim())
  const wrong = names.find(name => !eventNamePattern.test(name))
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is no event name, such as order.placed.`)
  return names
}
