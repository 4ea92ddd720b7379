import { hash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type SignatureType, type Signer, signerOf, signerText } from '../../../proof/index.ts'

// What comes before the 32 bytes of a seed in PKCS#8 (RFC 8410).
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The private key that tests make of a word: the same each time. */
export function pemOf(word: string): string {
  const der = Buffer.concat([pkcs8Head, hash('sha256', `eventtrail test key ${word}`, 'buffer')])
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`
}

export const testSigner = (name: string, type?: SignatureType): Signer => signerOf(name, pemOf(name), type)

/** The text of the file of the same key. */
export const keyText = (name: string): string => signerText(name, pemOf(name))

/** Writes that file, for commands. @param name of the key @returns its path */
export function writeKey(folder: string, name: string): string {
  const path = join(folder, `${name.replaceAll('/', '_')}.key`)
  writeFileSync(path, keyText(name), { mode: 0o600 })
  return path
}
