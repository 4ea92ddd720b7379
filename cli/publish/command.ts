import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { addAbortSignal, type Readable } from 'node:stream'
import type { Command } from 'commander'
import { OptionsError, onAbort, UsageError } from '../../core/index.ts'
import { createProducer, type Producer } from '../../producers/index.ts'
import { type Catalogue, type EventMap, withContext } from '../../schemas/index.ts'
import {
  type CommandContext,
  type CommandHost,
  type ExitCode,
  exitCodes,
  saidWhileWaiting,
  wholeNumber
} from '../command.ts'
import { addCatalogueFlags, type CatalogueFlags, configuredCatalogue } from '../commands/index.ts'
import { connectionOf } from '../connection.ts'
import { type LineCounts, LineRun } from './line-run.ts'
import { contextOf, inFlags } from './line-words.ts'
import { splitLines } from './lines.ts'
import { Rejects } from './rejects.ts'

interface PublishFlags extends CatalogueFlags {
  readonly file?: string
  readonly rejects?: string
  readonly source: string
  readonly actor?: string
  readonly traceparent?: string
  readonly eventVersion?: number
  readonly json?: boolean
}

// An event may have 1 MiB as Avro; as JSON it can be several times that.
const maxLineBytes = 8 * 1024 * 1024
const progressEveryMs = 5_000

/** `eventtrail publish`. */
export function publishCommands(program: Command, host: CommandHost): void {
  host
    .connect(addCatalogueFlags(program.command('publish')), 'brokers', 'registryUrl', 'topicPrefix', 'schemasDir')
    .description('publish events of one name from JSON lines; valid lines are published, each invalid line is reported')
    .argument('<event>', 'event name, such as order.placed')
    .option('--file <file>', 'file with one JSON object per line (default: standard input)')
    .option('--rejects <file>', 'write invalid lines to this new file, unchanged')
    .option('--source <name>', 'name of the publishing service, sent as the header `source`', 'eventtrail-publish')
    .option(
      '--actor <id>',
      'who caused the events, sent as the header `actor`: an id, never a name or an e-mail address'
    )
    .option('--traceparent <text>', 'the W3C trace that they belong to, sent as the header `traceparent`')
    .option('--event-version <n>', 'version of the event to publish (default: the latest)', wholeNumber())
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      `
Each line is {"aggregate_id": UUID, "payload": {…}}, optionally with:
  "occurred_at"  "2026-09-01T08:00:00Z", or whole microseconds since 1970
                 (default: the time in an id of version 7, else now)
  "id"           UUID of the event (default: a new one); with ids, a second run stores nothing twice.
                 An id that is not of version 7 needs "occurred_at" too
  "actor"        id of the person or service that caused the event, never a name or an address
  "source"       name of the service that the event is of
  "traceparent"  W3C trace context of the call that caused it
These three come before the flags of their names.

Exit codes: 0 all lines were published, 1 some lines were invalid, 2 the event, its schema or its topic does not
exist, 3 a server failed or is unreachable, 130 interrupted; the last line that was published is reported.`
    )
    .action(
      host.action((context, eventName: string, flags: PublishFlags) => publishLines(context, eventName, flags), {
        finishes: true
      })
    )
}

async function publishLines(host: CommandContext, eventName: string, flags: PublishFlags): Promise<ExitCode> {
  const { config, say, signal } = host
  const context = contextOf(flags)
  const catalogue = await configuredCatalogue(config, flags)
  const version = catalogue.version(eventName, flags.eventVersion)
  await using producer = producerOf(host, catalogue, flags.source, { [eventName]: version.version })
  const input = await openInput(flags.file, say)
  const rejects = flags.rejects === undefined ? undefined : await Rejects.open(flags.rejects, flags.file)
  const started = performance.now()
  const run = new LineRun({ producer, version, rejects, maxLineBytes, say })
  const onStop = () => {
    const waiting = unanswered(run.counts)
    if (waiting > 0) say(`interrupted: waiting for Kafka's answer to ${waiting} lines. Ctrl-C again ends it at once`)
  }
  signal.addEventListener('abort', onStop, { once: true })
  let interrupted = false
  const connected = saidWhileWaiting(host, 'waiting for Kafka and the registry', producer.start())
  if (await isDoneBeforeAbort(connected, signal)) {
    const progress = setInterval(() => say(`${inWords(run.counts)} so far`), progressEveryMs)
    try {
      await withContext(context, () => run.take(splitLines(addAbortSignal(signal, input), maxLineBytes)))
    } catch (error) {
      if (!signal.aborted) throw error
      interrupted = true
    } finally {
      await producer.drain()
      clearInterval(progress)
    }
  } else {
    interrupted = true
    await producer.close()
  }
  await rejects?.close()
  if (run.stoppedBy !== undefined) say(`stopped: ${inFlags(run.stoppedBy)}`)
  const { counts, lastLine } = run
  if (interrupted)
    say(
      lastLine === 0
        ? 'interrupted before the first line: nothing was published'
        : `interrupted after line ${lastLine}: the rest was not read`
    )
  if (counts.failed > 0) say(`good lines that were not published: ${counts.failed}`)
  if (counts.unknown > 0)
    say(
      `good lines that were sent and not acknowledged: ${counts.unknown}; they may be stored. Lines that carry an id can be published again: they count once`
    )
  const seconds = (performance.now() - started) / 1_000
  host.out(
    flags.json
      ? JSON.stringify({
          event: eventName,
          ...counts,
          seconds: Number(seconds.toFixed(3)),
          ...(interrupted && { interrupted, lastLine })
        })
      : `${inWords(counts)} in ${seconds.toFixed(1)} s`
  )
  return signal.aborted ? exitCodes.interrupted : run.exitCode
}

/** Lines that are on their way. */
const unanswered = ({ lines, published, bad, failed, unknown }: LineCounts): number =>
  lines - published - bad - failed - unknown

/** Whether `work` is done before the signal comes; where it is not, no one gets its error. */
async function isDoneBeforeAbort(work: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  const stopped = Promise.withResolvers<false>()
  const forget = onAbort(signal, () => stopped.resolve(false))
  try {
    return await Promise.race([work.then(() => true as const), stopped.promise])
  } finally {
    forget()
  }
}

function producerOf(
  { config, log }: CommandContext,
  catalogue: Catalogue,
  source: string,
  versions: Readonly<Record<string, number>>
): Producer<EventMap> {
  const connection = connectionOf(config)
  const topicPrefix = config.get('topicPrefix')
  const buffer = { maxRecords: 10_000 }
  try {
    return createProducer({ connection, topicPrefix, source, catalogue, versions, buffer, log })
  } catch (error) {
    throw error instanceof OptionsError ? new UsageError(inFlags(error)) : error
  }
}

const inWords = ({ lines, published, bad }: LineCounts): string =>
  `${published.toLocaleString('en')} of ${lines.toLocaleString('en')} lines published, ${bad.toLocaleString('en')} bad`

async function openInput(file: string | undefined, say: (line: string) => void): Promise<Readable> {
  if (file === undefined || file === '-') {
    if (process.stdin.isTTY) say('reading lines from the terminal; Ctrl-D ends them')
    return process.stdin
  }
  try {
    const handle = await open(file)
    const isFile = !(await handle.stat()).isDirectory()
    await handle.close()
    if (!isFile) throw Object.assign(new Error(), { code: 'EISDIR' })
  } catch (error) {
    throw new UsageError(`The file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  return createReadStream(file)
}
