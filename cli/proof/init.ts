import { resolve } from 'node:path'
import type { Command } from 'commander'
import {
  AuditError,
  beginProof,
  connectedWriters,
  type FirstSigners,
  fillKeyFolder,
  hasKeys,
  type KeyFolder
} from '../../audit/index.ts'
import { counted, printableJson } from '../../core/index.ts'
import { onTrail } from '../../trail/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag } from '../command.ts'
import { databaseOf, withWhoMay } from '../connection.ts'
import { makeFolder } from '../folder.ts'

interface InitFlags {
  readonly origin: string
  readonly keys: string
  readonly keysOnly?: boolean
  readonly json?: boolean
}

/** `eventtrail proof init` */
export function initCommand(proof: Command, host: CommandHost): void {
  host
    .connect(proof.command('init'), 'databaseUrl', 'topicPrefix')
    .description(
      'make the keys of the proof, and turn it on: from then on sinks, buses and operators sign what they store'
    )
    .requiredOption('--origin <name>', 'name of the log, such as example.org/trail; it stays the same for all time')
    .requiredOption('--keys <folder>', 'where the keys are made; keys that are there are used and never replaced')
    .option('--keys-only', 'make the keys, and do not turn the proof on yet')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nFirst give sinks and buses their keys (--keys-only makes them, PROOF_KEY_FILE names one) and restart them, then turn the proof on: one without a key stores nothing from then on, and waits.\nInterrupted, the same command continues. It needs the login of the owner of the tables, and briefly keeps sinks and buses from writing. A proof is never turned off.'
    )
    .action(host.action((context, flags: InitFlags) => init(context, flags)))
}

async function init(
  context: CommandContext,
  { origin, keys: folder, keysOnly = false, json }: InitFlags
): Promise<ExitCode> {
  const { config, out, say } = context
  // What is configured wrongly is said before a key is made.
  const [database, prefix] = [keysOnly ? undefined : databaseOf(config), config.get('topicPrefix')]
  const hadKeys = hasKeys(folder)
  makeKeyFolder(resolve(folder))
  const made = fillKeyFolder(folder, origin)
  for (const line of json ? filesAsJson(made) : filesInWords(made)) out(line)
  if (!database) {
    for (const line of [...next.keys(made), ...next.start]) say(line)
    return exitCodes.ok
  }
  return await onTrail(database, 'eventtrail-proof', async pool => {
    const writers = await connectedWriters(pool)
    if (writers > 0 && !hadKeys) {
      say(
        `eventtrail proof init: ${counted(writers, 'session')} of sinks and buses ${writers === 1 ? 'is' : 'are'} connected, and the keys were made just now: the proof is not on yet`
      )
      for (const line of [...next.keys(made), ...next.start]) say(line)
      return exitCodes.notOk
    }
    const { begun, positions } = await beginProof(pool, signersOf(made), prefix).catch(asOwner)
    if (json) out(printableJson({ kind: 'proof', origin, on: true, begun, positions }))
    else
      out(
        begun
          ? `the trail is proved from now on, by the log ${origin}${positions === 0 ? '' : `; ${counted(positions, 'partition')} had been read before`}`
          : `the trail is proved already, by the log ${origin} and with these keys`
      )
    if (begun) for (const line of next.keys(made)) say(line)
    if (begun && writers > 0)
      say(
        `eventtrail proof init: ${counted(writers, 'session')} of sinks and buses ${writers === 1 ? 'is' : 'are'} connected: those that were started without PROOF_KEY_FILE store nothing from now on, and wait`
      )
    return exitCodes.ok
  })
}

/** @throws AuditError `KEY_FILE_REFUSED` */
function makeKeyFolder(folder: string): void {
  try {
    makeFolder(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new AuditError('KEY_FILE_REFUSED', `The folder ${folder} cannot be made (${code})`)
  }
}

const asOwner = withWhoMay(
  'the proof is turned on by the owner of the tables, who runs `eventtrail migrate`. Use that login in DATABASE_URL'
)

const signersOf = ({ keys }: KeyFolder): FirstSigners => ({
  root: keys.root.signer,
  log: keys.log.signer,
  operator: keys.operator.signer,
  others: [
    { signer: keys['sink-1'].signer, role: 'sink' },
    { signer: keys['bus-1'].signer, role: 'bus' },
    { signer: keys.privacy.signer, role: 'privacy' }
  ]
})

const filesInWords = ({ keys, trust }: KeyFolder): string[] => [
  ...Object.values(keys).map(({ path, made, signer }) => `${made ? 'made' : 'has'} ${path}: the key ${signer.name}`),
  `${trust.made ? 'made' : 'has'} ${trust.path}: whom an auditor trusts`
]

const filesAsJson = ({ keys, trust }: KeyFolder): string[] => [
  ...Object.values(keys).map(({ path, made, signer }) =>
    printableJson({ kind: 'key', name: signer.name, key: signer.vkey, path, made })
  ),
  printableJson({ kind: 'trust', ...trust })
]

/** What is left to do, in words. */
const next = {
  keys: ({ keys, trust }: KeyFolder): readonly string[] => [
    `Take ${keys.root.path} offline: it is needed only to add or revoke keys.`,
    `Give ${trust.path} to the auditor by another way than this database.`,
    `Only what seals the log needs ${keys.log.path}; operators need ${keys.operator.path}, and ${keys.privacy.path} for holds and disclosures.`
  ],
  start: [
    'Start each sink and each bus with a key (PROOF_KEY_FILE), then run `eventtrail proof init` again to turn the proof on.'
  ]
}
