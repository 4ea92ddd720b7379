import { type Command, Option } from 'commander'
import { AuditError, addKey, listKeys, makeOrReadKey, revokeKey } from '../../audit/index.ts'
import { printableJson, table, UsageError } from '../../core/index.ts'
import type { Pool } from '../../postgres/index.ts'
import type { Signer } from '../../proof/index.ts'
import { onTrail, proofOrigin } from '../../trail/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag, wholeNumber } from '../command.ts'
import { databaseOf } from '../connection.ts'
import { signerOf } from '../proof-key.ts'

const roles = ['sink', 'bus', 'operator', 'privacy', 'log'] as const

interface AddFlags {
  readonly role: (typeof roles)[number]
  readonly keys: string
  readonly json?: boolean
}

interface RevokeFlags {
  readonly from?: number
  readonly json?: boolean
}

/** `eventtrail proof key list|add|revoke` */
export function keyCommands(proof: Command, host: CommandHost): void {
  const key = proof.command('key').description('list, add or revoke the keys of the proof')
  host
    .connect(key.command('list'), 'databaseUrl')
    .description('list the keys that were added, with their roles')
    .option(...jsonFlag)
    .action(
      host.action((context, flags: { readonly json?: boolean }) => onProof(context, pool => list(context, pool, flags)))
    )

  host
    .connect(key.command('add'), 'databaseUrl', 'proofKeyFile')
    .argument('<name>', 'name of the key below that of the log, and of its file, such as sink-2')
    .description('make a key and add it, signed by the root key (--proof-key root.key)')
    .addOption(new Option('--role <role>', 'what it signs').choices(roles).makeOptionMandatory())
    .requiredOption('--keys <folder>', 'where its file is made; one that is there is used')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nTo replace a key: add the new one, restart what signs with the old one, run `eventtrail proof checkpoint`, then revoke the old one. A key of the role log has the name of the log; add its line to trust.txt too.'
    )
    .action(
      host.action((context, name: string, flags: AddFlags) => onProof(context, pool => add(context, pool, name, flags)))
    )

  host
    .connect(key.command('revoke'), 'databaseUrl', 'proofKeyFile')
    .argument('<key>', 'name of the key in `proof key list`, or the key as text')
    .description('revoke a key, signed by the root key (--proof-key root.key)')
    .option(
      '--from <index>',
      'index in the log from which on its entries are not believed (default: the next one)',
      wholeNumber(0)
    )
    .option(...jsonFlag)
    .action(
      host.action((context, name: string, flags: RevokeFlags) =>
        onProof(context, pool => revoke(context, pool, name, flags))
      )
    )
}

const onProof = (context: CommandContext, work: (pool: Pool) => Promise<ExitCode>): Promise<ExitCode> =>
  onTrail(databaseOf(context.config), 'eventtrail-proof', work)

async function list({ out }: CommandContext, pool: Pool, { json }: { readonly json?: boolean }): Promise<ExitCode> {
  const keys = await listKeys(pool)
  if (json) for (const each of keys) out(printableJson(each))
  else {
    const rows = keys.map(({ name, role, isRevoked, key }) => [name, role, isRevoked ? 'revoked' : 'valid', key])
    for (const line of table([['name', 'role', 'state', 'key'], ...rows])) out(line)
  }
  return exitCodes.ok
}

async function add(
  context: CommandContext,
  pool: Pool,
  name: string,
  { role, keys, json }: AddFlags
): Promise<ExitCode> {
  const root = rootOf(context)
  const origin = await proofOrigin(pool)
  if (origin === undefined)
    throw new AuditError('PROOF_OFF', 'The trail is not proved: `eventtrail proof init` begins it')
  const { path, signer } = makeOrReadKey(keys, name, role === 'log' ? origin : `${origin}/${name}`)
  await addKey(pool, root, signer, role)
  context.out(
    json ? printableJson({ name: signer.name, key: signer.vkey, role, path }) : `added ${signer.name}: ${path}`
  )
  return exitCodes.ok
}

async function revoke(
  context: CommandContext,
  pool: Pool,
  name: string,
  { from, json }: RevokeFlags
): Promise<ExitCode> {
  const { key, index } = await revokeKey(pool, rootOf(context), name, from)
  context.out(
    json ? printableJson({ key, index }) : `revoked ${name}: its entries are not believed from index ${index} on`
  )
  return exitCodes.ok
}

/** @throws UsageError; as {@link signerOf} */
function rootOf({ config }: CommandContext): Signer {
  const root = signerOf(config)
  if (!root) throw new UsageError('Keys are added and revoked by the root key: give its file as --proof-key')
  return root
}
