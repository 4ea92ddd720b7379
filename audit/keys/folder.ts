import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseTrust, type Signer } from '../../proof/index.ts'
import { AuditError } from '../errors.ts'
import { type FirstKey, firstKeys, keyNameOf, keyPath, makeKeyFile, readKeyFile, writeOnce } from './files.ts'

/** A file of the folder of keys. */
interface FolderFile {
  readonly path: string
  /** False: it was there. */
  readonly made: boolean
}

/** The keys that a proof begins with, and the policy of trust that names log and root. */
export interface KeyFolder {
  readonly keys: Readonly<Record<FirstKey, FolderFile & { readonly signer: Signer }>>
  readonly trust: FolderFile
}

/**
 * Makes the keys and `trust.txt` that a folder does not have yet. None that is there is changed, so that the same call
 * continues after a kill.
 * @param folder that is there
 * @param origin the name of the log
 * @throws AuditError `KEY_FILE_REFUSED`, also for a file that is of another log; ProofError `KEY_INVALID`, `TRUST_INVALID`
 */
export function fillKeyFolder(folder: string, origin: string): KeyFolder {
  const found = firstKeys.map(key => [key, makeOrReadKey(folder, key, keyNameOf(origin, key))] as const)
  const keys = Object.fromEntries(found) as KeyFolder['keys']
  return { keys, trust: trustFile(folder, keys.log.signer, keys.root.signer) }
}

/**
 * A key of a folder, which is made where it is not there.
 * @param key the name of its file, without `.key`
 * @throws AuditError `KEY_FILE_REFUSED`, also for a file that has a key of another name; ProofError `KEY_INVALID`
 */
export function makeOrReadKey(folder: string, key: string, name: string): FolderFile & { readonly signer: Signer } {
  const path = keyPath(folder, key)
  const made = makeKeyFile(path, name)
  const signer = made ?? readKeyFile(path)
  if (signer.name !== name) throw ofAnother(path, `the key ${signer.name}`, `the key ${name}`)
  return { path, made: made !== undefined, signer }
}

/** Whether a folder has any of the keys that {@link fillKeyFolder} makes. */
export const hasKeys = (folder: string): boolean => firstKeys.some(key => existsSync(keyPath(folder, key)))

function trustFile(folder: string, log: Signer, root: Signer): FolderFile {
  const path = join(folder, 'trust.txt')
  const made = writeOnce(path, trustText(log.vkey, root.vkey), 0o644)
  if (!made) {
    const trust = parseTrust(readFileSync(path, 'utf8'))
    if (trust.root.vkey !== root.vkey || !trust.logs.some(({ vkey }) => vkey === log.vkey))
      throw ofAnother(path, 'other keys of root and log', 'those of this folder')
  }
  return { path, made }
}

const trustText = (log: string, root: string): string =>
  [
    '# Whom an auditor of this trail trusts (docs/proof-format.md, "The trust policy").',
    '# Witnesses are added as lines `witness` and `group`; `quorum none` then gives way to the group that is required.',
    `log ${log}`,
    `root ${root}`,
    'quorum none',
    ''
  ].join('\n')

const ofAnother = (path: string, has: string, wanted: string): AuditError =>
  new AuditError('KEY_FILE_REFUSED', `The file ${path} has ${has}, not ${wanted}: give another folder`)
