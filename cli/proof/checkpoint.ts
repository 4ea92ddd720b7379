import { type Command, InvalidArgumentError } from 'commander'
import { AuditError, type Round, readKeyFile, rejections, Sealer, sealerMetrics } from '../../audit/index.ts'
import type { PostgresConnection } from '../../connection/index.ts'
import { isDenied, printableJson, UsageError } from '../../core/index.ts'
import { requireTables, type Session, unavailable } from '../../postgres/index.ts'
import { connectSession, trailMigrations } from '../../trail/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag, milliseconds } from '../command.ts'
import { databaseOf } from '../connection.ts'
import { createStatus } from '../status.ts'
import { checkpointTopics, isTopic, logPlaces } from './places.ts'
import { readTrust } from './trust.ts'

interface CheckpointFlags {
  readonly every?: number
  readonly once?: boolean
  readonly tsa?: string
  readonly stale?: number
  readonly json?: boolean
}

const defaultEveryMs = 10_000

/** `eventtrail proof checkpoint` */
export function checkpointCommand(proof: Command, host: CommandHost): void {
  host
    .connect(
      proof.command('checkpoint'),
      'brokers',
      'topicPrefix',
      'databaseUrl',
      'proofStore',
      'proofTrust',
      'proofKeyFile',
      'statusPort'
    )
    .description('seal entries into the log of the proof, and publish signed checkpoints of it, until it is stopped')
    .option('--every <ms>', `time between two rounds (default: ${defaultEveryMs})`, milliseconds(100))
    .option('--once', 'seal what is there, and end; exits 1 when an entry was rejected, or a place lags')
    .option(
      '--stale <ms>',
      'time after which an entry that is not extended any more is sealed (default: 60000); 0 once all writers have ended',
      milliseconds(0)
    )
    .option('--tsa <url>', 'time stamp authority (RFC 3161) that stamps each checkpoint', tsaUrl)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nThe key is that of the log. One process of a database seals, others stand by. Entries that are still extended are sealed 60 s (--stale) after their writer has gone.\nA place is a folder (file:/srv/log) or a bucket (s3://bucket/prefix); a topic (kafka:topic, or kafka: for <prefix>eventtrail-checkpoints) gets the checkpoints alone. The first of several has to take a checkpoint before it counts; others follow, and may be away.'
    )
    .action(host.action((context, flags: CheckpointFlags) => checkpoint(context, flags), { finishes: true }))
}

async function checkpoint(context: CommandContext, flags: CheckpointFlags): Promise<ExitCode> {
  const { config, log, signal, say } = context
  const { every = defaultEveryMs, once = false } = flags
  if (once && flags.every !== undefined) throw new UsageError('--once makes one round, so that --every has no effect')
  const database = databaseOf(config, log)
  const [address] = config.require('proofStore')
  if (address !== undefined && isTopic(address))
    throw new UsageError('The first place has to have the whole log: a topic of Kafka keeps checkpoints alone')
  const trust = readTrust(config.require('proofTrust'))
  const signer = readKeyFile(config.require('proofKeyFile'))
  const warn = (words: string): void => say(`eventtrail proof checkpoint: ${words}`)
  const [first, ...others] = await logPlaces(config, warn)
  await using topics = checkpointTopics(config)
  await using status = await createStatus(context, sealerMetrics)
  const sealer = new Sealer({
    ...{ signer, trust, places: [first, ...others, ...topics.all] as const, tsa: flags.tsa, log, meter: status.meter },
    ...(flags.stale !== undefined && { staleMs: flags.stale }),
    connect: () => connect(database)
  })
  if (once) return await sealOnce(context, sealer, flags.json === true)
  await status.serve(() => sealer.health())
  say(`eventtrail proof checkpoint: sealing the log ${signer.name} into ${first.address}; Ctrl-C stops it`)
  await sealer.run(every, signal)
  return exitCodes.ok
}

async function connect(database: PostgresConnection): Promise<Session> {
  const session = await connectSession(database, { applicationName: 'eventtrail-sealer', queryTimeoutMs: 120_000 })
  try {
    await requireTables(session, trailMigrations)
    return session
  } catch (error) {
    await session.end().catch(() => undefined)
    throw isDenied(error) ? unavailable(error) : error
  }
}

async function sealOnce({ out, say, signal }: CommandContext, sealer: Sealer, json: boolean): Promise<ExitCode> {
  let isClean = true
  let sealed = 0
  try {
    for (;;) {
      const round = await sealer.round()
      sealed += round.judgement.sealed.length
      for (const finding of findingsOf(round)) {
        isClean = false
        out(json ? printableJson({ kind: 'finding', ...finding }) : `${finding.code}  ${finding.words}`)
      }
      if (round.more && !signal.aborted) continue
      if (json) out(printableJson({ kind: 'checkpoint', size: round.size, sealed, isOurs: round.isOurs }))
      else if (round.isOurs) out(`${sealed} ${sealed === 1 ? 'entry' : 'entries'} sealed; the log has ${round.size}`)
      else say('eventtrail proof checkpoint: another process seals this log at the moment')
      return isClean ? exitCodes.ok : exitCodes.notOk
    }
  } catch (error) {
    if (!(error instanceof AuditError) || !alarms.includes(error.code)) throw error
    out(
      json
        ? printableJson({ kind: 'finding', code: error.code, words: error.message })
        : `${error.code}  ${error.message}`
    )
    return exitCodes.notOk
  } finally {
    await sealer.close()
  }
}

/** Errors of a round that are findings about the log, and no outage. */
const alarms: readonly string[] = ['LOG_ROLLED_BACK', 'LOG_FORKED']

interface SealFinding {
  readonly code: string
  readonly words: string
}

const findingsOf = ({ judgement, lagging }: Round): SealFinding[] => [
  ...judgement.rejected.map(({ number, reason }) => ({
    code: reason,
    words: `entry ${number} of proof_entries is left out of the log: ${rejections[reason]}`
  })),
  ...judgement.broken.map(({ number }) => ({
    code: 'CHAIN_BROKEN',
    words: `entry ${number} of proof_entries is sealed, and the entry of its writer before it is missing or was changed`
  })),
  ...lagging.map(({ place, why }) => ({ code: 'PLACE_LAGGING', words: `${place}: ${why}` }))
]

function tsaUrl(text: string): string {
  const url = URL.parse(text)
  if (url !== null && ['http:', 'https:'].includes(url.protocol) && url.username === '') return text
  throw new InvalidArgumentError('Expected a URL that begins with http:// or https://, without a login.')
}
