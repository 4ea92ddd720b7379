import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, rmSync, type Stats, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeKey, parseSigner, type Signer, signerText } from '../../proof/index.ts'
import { AuditError } from '../errors.ts'

/** The keys that a proof begins with, by the name of their file without `.key`. */
export const firstKeys = ['root', 'log', 'sink-1', 'bus-1', 'operator', 'privacy'] as const
export type FirstKey = (typeof firstKeys)[number]

/** The name of a key of this log: that of the log is its origin, the others are below it. */
export const keyNameOf = (origin: string, key: string): string => (key === 'log' ? origin : `${origin}/${key}`)

export const keyPath = (folder: string, key: string): string => join(folder, `${key}.key`)

const onlyOwner = 0o600

/**
 * Whether others may read the file of a key. One of root may be read by a group, as PostgreSQL has it for its own key:
 * Kubernetes mounts Secrets so for a process that is not root.
 * @param self the user of this process
 */
export function isOpen({ mode, uid }: Pick<Stats, 'mode' | 'uid'>, self: number | undefined): boolean {
  const refused = uid === 0 && self !== 0 ? 0o037 : 0o077
  return (mode & refused) !== 0
}

/**
 * Reads the file of a key.
 * @throws AuditError `KEY_FILE_REFUSED` where it cannot be read or other users may read it; ProofError `KEY_INVALID`
 */
export const readKeyFile = (path: string): Signer => parseSigner(readKeyText(path))

/**
 * Reads the text of the file of a key.
 * @throws AuditError `KEY_FILE_REFUSED` where it cannot be read or other users may read it
 */
export function readKeyText(path: string): string {
  try {
    // Windows has no such modes.
    if (process.platform !== 'win32' && isOpen(statSync(path), process.getuid?.()))
      throw new AuditError('KEY_FILE_REFUSED', `Other users may read the key ${path}: \`chmod 600 ${path}\``)
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof Error && 'syscall' in error)
      throw new AuditError('KEY_FILE_REFUSED', `The key ${path} cannot be read (${code})`)
    throw error
  }
}

/**
 * Makes the file of a key, whole or not at all, which its owner alone may read.
 * @returns the key; undefined where there is a file of that name, which stays as it is
 * @throws AuditError `KEY_FILE_REFUSED`
 */
export function makeKeyFile(path: string, name: string): Signer | undefined {
  const text = signerText(name, makeKey())
  const signer = parseSigner(text)
  return writeOnce(path, text, onlyOwner) ? signer : undefined
}

/**
 * Writes a file, whole or not at all.
 * @returns false where there is a file of that name, which stays as it is
 * @throws AuditError `KEY_FILE_REFUSED`
 */
export function writeOnce(path: string, text: string, mode: number): boolean {
  const partial = `${path}.${randomUUID()}.partial`
  try {
    writeFileSync(partial, text, { mode, flag: 'wx', flush: true })
    linkSync(partial, path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    throw new AuditError('KEY_FILE_REFUSED', `The file ${path} cannot be made (${code})`)
  } finally {
    rmSync(partial, { force: true })
  }
}
