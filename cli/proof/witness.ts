import { type Command, InvalidArgumentError } from 'commander'
import { makeKeyFile, openTileStore, readKeyText, startWitness } from '../../audit/index.ts'
import { ConfigError, onAbort, splitBroker } from '../../core/index.ts'
import { parseSigner, parseVkey, signatureTypes, type Verifier } from '../../proof/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes } from '../command.ts'

interface WitnessFlags {
  readonly log: readonly Verifier[]
  readonly folder: string
  readonly name?: string
  readonly listen: { readonly host: string; readonly port: number }
}

/** `eventtrail proof witness` */
export function witnessCommand(proof: Command, host: CommandHost): void {
  host
    .connect(proof.command('witness'), 'proofKeyFile')
    .description(
      'cosign checkpoints of logs that only grow, until it is stopped; run it on a machine of the auditor, away from the database'
    )
    .requiredOption(
      '--log <vkey>',
      'a log that it knows, as the line `log` of its trust policy; may be repeated',
      logKey
    )
    .requiredOption(
      '--folder <folder>',
      'where it keeps the last checkpoint of each log; only the witness writes there'
    )
    .option('--name <name>', 'make the key in --proof-key if there is none: its name, such as auditor.example/w1')
    .option('--listen <host:port>', 'where it takes checkpoints (C2SP tlog-witness); it has no TLS', address, local)
    .addHelpText(
      'after',
      '\nThe folder is its memory: a witness that loses it cosigns any log of these keys once more, also one that was replaced. Never put it back to a backup.\nIt prints its line for the trust policy; the quorum of the policy says whether checkpoints without it count.'
    )
    .action(host.action((context, flags: WitnessFlags) => witness(context, flags), { finishes: true }))
}

const local = { host: '127.0.0.1', port: 8095 }

async function witness(context: CommandContext, { log: logs, folder, name, listen }: WitnessFlags): Promise<ExitCode> {
  const { config, log, signal, say, out } = context
  const path = config.require('proofKeyFile')
  if (name !== undefined) makeKeyFile(path, name)
  const signer = parseSigner(readKeyText(path), signatureTypes.cosignature)
  if (name !== undefined && signer.name !== name)
    throw new ConfigError('CONFIG_INVALID', `--name: the key in --proof-key is ${signer.name}`)
  const store = await openTileStore(`file:${folder}`, { env: {}, warn: () => undefined })
  await using server = await startWitness({ signer, logs, store, log, ...listen })
  const url = `http://${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`
  out(`witness w1 ${signer.vkey} ${url}`)
  say(`eventtrail proof witness: cosigning ${logs.map(each => each.name).join(', ')} at ${url}; Ctrl-C stops it`)
  const stopped = Promise.withResolvers<void>()
  onAbort(signal, () => {
    stopped.resolve()
  })
  await stopped.promise
  return exitCodes.ok
}

function logKey(text: string, before: readonly Verifier[] = []): readonly Verifier[] {
  try {
    const key = parseVkey(text)
    if (key.type === signatureTypes.ed25519) return [...before, key]
  } catch {
    // It is said below.
  }
  throw new InvalidArgumentError('Expected the key of a log: name+id+base64.')
}

function address(text: string): WitnessFlags['listen'] {
  const { host, port } = splitBroker(text)
  const isPort = /:\d{1,5}$/.test(text) && Number.isInteger(port) && port <= 65_535
  if (!isPort || host === '') throw new InvalidArgumentError('Expected host:port; port 0 takes a free one.')
  return { host, port }
}
