import type { Command } from 'commander'
import { adopt } from '../../audit/index.ts'
import { counted, printableJson } from '../../core/index.ts'
import { shellOperator } from '../../operations/index.ts'
import { defaultGroup, onTrail } from '../../trail/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag } from '../command.ts'
import { databaseOf } from '../connection.ts'
import { signerOf } from '../proof-key.ts'

interface AdoptFlags {
  readonly group: string
  readonly json?: boolean
}

/** `eventtrail proof adopt` */
export function adoptCommand(proof: Command, host: CommandHost): void {
  host
    .connect(proof.command('adopt'), 'databaseUrl', 'topicPrefix', 'proofKeyFile')
    .description('account for the rows that were in the trail before it was proved, in signed blocks')
    .option('--group <name>', 'consumer group of the sink that stored them, without the prefix', defaultGroup)
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nIt proves from now on that these rows are unchanged, and nothing of before. Sinks store meanwhile. Interrupted, the same command continues. Exits 1 where rows have the coordinates of others and cannot be accounted for.'
    )
    .action(host.action((context, flags: AdoptFlags) => run(context, flags), { finishes: true }))
}

async function run(context: CommandContext, { group, json }: AdoptFlags): Promise<ExitCode> {
  const { config, out, say, signal } = context
  const [topicPrefix, signer] = [config.get('topicPrefix'), signerOf(config)]
  const result = await onTrail(databaseOf(config), 'eventtrail-proof', pool =>
    adopt(
      {
        ...{ pool, signer, group: topicPrefix + group, topicPrefix, signal },
        onProgress: words => say(`eventtrail proof adopt: ${words}`)
      },
      shellOperator()
    )
  )
  const { rows, entries, doubled, complete } = result
  const left =
    doubled === 0 ? '' : `; ${counted(doubled, 'row')} have the coordinates of others and are not accounted for`
  out(json ? printableJson(result) : `${counted(rows, 'row')} adopted, in ${entries} entries${left}`)
  if (!complete) return exitCodes.interrupted
  return doubled > 0 ? exitCodes.notOk : exitCodes.ok
}
