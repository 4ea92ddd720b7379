import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import {
  type Finding,
  Findings,
  placeWords,
  type Verified,
  type VerifyProofParts,
  verifyProof
} from '../../audit/index.ts'
import { counted, printableJson, UsageError } from '../../core/index.ts'
import { createKafkaClient } from '../../kafka/kafkajs/index.ts'
import { createRegistry } from '../../schemas/index.ts'
import { onTrail, SchemaBook } from '../../trail/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag } from '../command.ts'
import { databaseOf, registryOf, withWhoMay } from '../connection.ts'
import { checkpointTopics, logPlaces } from './places.ts'
import { readTrust } from './trust.ts'

interface VerifyFlags {
  readonly since?: string
  readonly kept?: readonly string[]
  readonly kafka?: boolean
  readonly normalise?: boolean
  readonly json?: boolean
}

/** `eventtrail proof verify` */
export function verifyCommand(proof: Command, host: CommandHost): void {
  host
    .connect(
      proof.command('verify'),
      'brokers',
      'registryUrl',
      'topicPrefix',
      'databaseUrl',
      'proofStore',
      'proofTrust'
    )
    .description('verify the trail against its signed log; exits 1 when something is not as it was recorded')
    .option('--since <file>', 'a checkpoint of an earlier verification: what it covers is not verified again')
    .option('--kept <files...>', 'checkpoints that were kept from earlier days, which the log has to continue')
    .option(
      '--kafka',
      'compare rows that were changed with their records, and name those that differ, while Kafka has them'
    )
    .option('--normalise', 'hash each payload in canonical JSON, for a Postgres that prints jsonb in another form')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nThis changes nothing. It reads every row, unless --since is given. A login with the role eventtrail_reader is enough, and does not see the bytes of records in quarantine: their digests are compared, and not made again. --kafka also needs the registry, and the right to read the topics.\nFindings begin with a code: docs/proof.md says what each means. Keep the checkpoint that was verified: it is the file `checkpoint` of the place.'
    )
    .action(host.action((context, flags: VerifyFlags) => verify(context, flags), { finishes: true }))
}

async function verify(
  context: CommandContext,
  { since, kept = [], kafka = false, normalise = false, json }: VerifyFlags
): Promise<ExitCode> {
  const { config, log, signal, say, out } = context
  const database = databaseOf(config)
  const warn = (words: string): void => say(`eventtrail proof verify: ${words}`)
  const given = {
    trust: readTrust(config.require('proofTrust')),
    since: since === undefined ? undefined : readNote(since),
    kept: kept.map(readNote)
  }
  const stores = await logPlaces(config, warn)
  await using topics = checkpointTopics(config)
  const began = performance.now()
  const findings = new Findings()
  const client = kafka
    ? createKafkaClient({ brokers: config.require('brokers'), security: config.security, log })
    : undefined
  const registry = kafka ? createRegistry({ ...registryOf(config), log }) : undefined
  const verified = await onTrail(database, 'eventtrail-proof-verify', async pool => {
    const parts: VerifyProofParts = { pool, stores, topics: topics.all, ...given, normalise, onProgress: warn, signal }
    if (!client || !registry) return await verifyProof(parts, findings)
    await using reader = client.logReader()
    const records = { reader, book: new SchemaBook({ registry, pool, keeps: false }) }
    return await verifyProof({ ...parts, kafka: records }, findings)
  }).catch(asReader)
  if (signal.aborted) return exitCodes.interrupted
  const seconds = (performance.now() - began) / 1_000
  for (const finding of findings.kept) out(json ? findingJson(finding) : findingWords(finding))
  const total = [...findings.counts.values()].reduce((sum, count) => sum + count, 0)
  if (json)
    out(printableJson({ kind: 'result', verified: total === 0, findings: total, seconds, ...factsOf(verified) }))
  else for (const line of linesOf(verified, findings, total, seconds)) out(line)
  return total === 0 ? exitCodes.ok : exitCodes.notOk
}

const asReader = withWhoMay(
  'proof verify reads the whole trail, as the role eventtrail_reader may. Use a login that has this role in DATABASE_URL; `eventtrail migrate --roles` creates it'
)

/** A signed checkpoint. What is in it is verified, and not trusted. */
function readNote(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`The checkpoint ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

const findingWords = ({ code, place, words }: Finding): string => `${code}  ${placeWords(place)}: ${words}`
const findingJson = ({ code, place, words }: Finding): string =>
  printableJson({ kind: 'finding', code, ...place, words })

function factsOf(verified: Verified | undefined) {
  if (!verified) return {}
  const { checkpoint, entries, partitions, listed, quarantine, rows, gone, unsealed } = verified
  const { origin, size, root } = checkpoint
  return {
    checkpoint: { origin, size, root: root.toString('base64'), signed: checkpoint.signed.map(({ key }) => key.name) },
    entries: Object.fromEntries(entries),
    ...{ partitions, listed, quarantine: quarantine ?? null, rows, gone, unsealed }
  }
}

const entriesWords = (count: number): string => `${count} ${count === 1 ? 'entry' : 'entries'}`

function linesOf(verified: Verified | undefined, findings: Findings, total: number, seconds: number): string[] {
  const more = [...findings.counts].flatMap(([code, count]) => {
    const kept = findings.kept.filter(each => each.code === code).length
    return count > kept ? [`${code}  ${count - kept} more are not shown`] : []
  })
  const result =
    total === 0
      ? `verified in ${seconds.toFixed(1)} s`
      : `not verified: ${counted(total, 'finding')} in ${seconds.toFixed(1)} s`
  return [...more, ...(verified ? factLines(verified) : []), result]
}

function factLines({ checkpoint, entries, partitions, listed, quarantine, rows, gone, unsealed }: Verified): string[] {
  const kinds = [...entries].sort().map(([kind, count]) => `${kind} ${count}`)
  const signed = checkpoint.signed.map(({ key, time }) =>
    time === undefined ? key.name : `${key.name} at ${new Date(time * 1_000).toISOString().slice(0, 19)}Z`
  )
  const notCovered = [
    ...(unsealed > 0 ? [`${counted(rows.unsealed, 'row')} in ${entriesWords(unsealed)} since the checkpoint`] : []),
    ...(rows.before > 0 ? [`${counted(rows.before, 'row')} from before the proof`] : []),
    ...(rows.untrusted > 0 ? [`${counted(rows.untrusted, 'row')} of entries whose key may not sign them`] : []),
    ...(gone.lost > 0 ? [`${counted(gone.lost, 'row')} that an operator has signed as lost`] : []),
    ...(quarantine === undefined ? ['bytes of records in quarantine, which this login may not read'] : [])
  ]
  return [
    `checkpoint  ${checkpoint.origin}, ${entriesWords(checkpoint.size)}, signed by ${signed.join(', ')}`,
    `entries     ${kinds.join(', ')}`,
    `offsets     ${counted(partitions, 'partition')}; ${listed.duplicate} duplicates, ${listed.quarantined} in quarantine, ${listed.lost} lost`,
    `rows        ${rows.proved} recomputed${gone.dropped > 0 ? `; ${gone.dropped} dropped by retention` : ''}${rows.old > 0 ? `; ${rows.old} of before the older checkpoint passed over` : ''}`,
    ...notCovered.map(words => `not covered ${words}`)
  ]
}
