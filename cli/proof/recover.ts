import type { Command } from 'commander'
import { recoverLog } from '../../audit/index.ts'
import { printableJson } from '../../core/index.ts'
import { shellOperator } from '../../operations/index.ts'
import { onTrail } from '../../trail/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag, reason } from '../command.ts'
import { databaseOf, withWhoMay } from '../connection.ts'
import { signerOf } from '../proof-key.ts'
import { logPlaces } from './places.ts'
import { readTrust } from './trust.ts'

interface RecoverFlags {
  readonly reason: string
  readonly json?: boolean
}

/** `eventtrail proof recover` */
export function recoverCommand(proof: Command, host: CommandHost): void {
  host
    .connect(proof.command('recover'), 'databaseUrl', 'proofStore', 'proofTrust', 'proofKeyFile', 'topicPrefix')
    .description(
      'after a restore of the database, give it the sealed entries that it lacks, from the log outside of it'
    )
    .requiredOption(
      '--reason <text>',
      'why the database was restored; kept in operator_actions and proof_words',
      reason
    )
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nThe key is one of the role operator. The whole log is read and held against its checkpoint; an entry in the log says from then on that the database was restored. Interrupted, it has changed nothing.\nIt needs the login of the owner of the tables.'
    )
    .action(host.action((context, flags: RecoverFlags) => recover(context, flags), { finishes: true }))
}

async function recover(context: CommandContext, flags: RecoverFlags): Promise<ExitCode> {
  const { config, out, say, signal } = context
  const database = databaseOf(config)
  const warn = (words: string): void => say(`eventtrail proof recover: ${words}`)
  const trust = readTrust(config.require('proofTrust'))
  config.require('proofKeyFile')
  const operator = shellOperator()
  const signing = { signer: signerOf(config), actor: operator.actor, topicPrefix: config.get('topicPrefix') }
  const stores = await logPlaces(config, warn)
  const { had, of } = await onTrail(database, 'eventtrail-proof-recover', pool =>
    recoverLog({ pool, stores, trust, signing, reason: flags.reason, onProgress: warn, signal }, operator)
  ).catch(asOwner)
  const added = Math.max(0, of - had)
  if (flags.json) out(printableJson({ kind: 'recovered', had, of, added }))
  else if (added === 0) out(`the database lacks nothing: it has ${had} sealed entries, and the log ${of}`)
  else {
    out(`the database had ${had} of ${of} sealed entries, and has all of them now`)
    say(
      'eventtrail proof recover: start sinks and the sealer again; then `eventtrail proof verify` says what Kafka no longer had'
    )
  }
  return exitCodes.ok
}

const asOwner = withWhoMay(
  'entries are recovered by the owner of the tables, who runs `eventtrail migrate`. Use that login in DATABASE_URL'
)
