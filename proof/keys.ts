import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto'
import { ProofError } from './errors.ts'

/** Kinds of signatures of C2SP signed notes that are read: ed25519 over the note, and cosignatures with a time. */
export const signatureTypes = { ed25519: 1, cosignature: 4 } as const
export type SignatureType = (typeof signatureTypes)[keyof typeof signatureTypes]

/** A key that signatures are checked with. */
export interface Verifier {
  readonly name: string
  /** 4 bytes as hexadecimal digits. */
  readonly keyId: string
  readonly type: SignatureType
  readonly publicKey: KeyObject
  /** The key as text: `name+id+base64`. */
  readonly vkey: string
}

/** A key that signs notes. */
export interface Signer extends Verifier {
  /** The signature of the bytes: 64 bytes of ed25519. */
  sign(bytes: Buffer): Buffer
}

// What comes before the 32 bytes of an ed25519 key in SPKI (RFC 8410).
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex')
const publicBytes = 32

/** Whether a key may have this name: not empty, no spaces, no plus (C2SP signed-note). */
export const isKeyName = (name: string): boolean => /^[^\s\p{White_Space}\p{Cc}+]+$/u.test(name)

function verifierOf(name: string, type: SignatureType, raw: Buffer): Verifier {
  if (!isKeyName(name)) throw new ProofError('KEY_INVALID', 'the name of a key is empty, or has a space or a plus')
  const typed = Buffer.concat([Buffer.of(type), raw])
  const keyId = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), typed]), 'hex').slice(0, 8)
  const publicKey = createPublicKey({ key: Buffer.concat([spkiHead, raw]), format: 'der', type: 'spki' })
  return { name, keyId, type, publicKey, vkey: `${name}+${keyId}+${typed.toString('base64')}` }
}

/**
 * Reads a key as text (C2SP signed-note, "Verifier keys").
 * @throws ProofError `KEY_INVALID`
 */
export function parseVkey(text: string): Verifier {
  const [, name = '', keyId = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text) ?? []
  const bytes = Buffer.from(encoded, 'base64')
  const type = Object.values(signatureTypes).find(each => each === bytes[0])
  if (bytes.toString('base64') !== encoded || !type || bytes.length !== 1 + publicBytes)
    throw new ProofError('KEY_INVALID', 'a key must be `name+id+base64` of an ed25519 key')
  const verifier = verifierOf(name, type, bytes.subarray(1))
  if (verifier.keyId !== keyId) throw new ProofError('KEY_INVALID', 'the id of a key is not that of its name and bytes')
  return verifier
}

/**
 * A signer from a private key.
 * @param pem PKCS#8, ed25519
 * @param type default ed25519; a witness has `cosignature`
 * @throws ProofError `KEY_INVALID`, without anything of the key
 */
export function signerOf(name: string, pem: string, type: SignatureType = signatureTypes.ed25519): Signer {
  const key = privateKeyOf(pem)
  const raw = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-publicBytes)
  return { ...verifierOf(name, type, raw), sign: bytes => sign(null, bytes, key) }
}

function privateKeyOf(pem: string): KeyObject {
  let key: KeyObject | undefined
  try {
    key = createPrivateKey({ key: pem, format: 'pem' })
  } catch {
    // What it says could quote the key.
  }
  if (key?.asymmetricKeyType !== 'ed25519')
    throw new ProofError('KEY_INVALID', 'a private key must be ed25519 in PEM (PKCS#8), without a password')
  return key
}

const keyLine = 'eventtrail-key '

/** A private key with its name, as key files have it: a line before the PEM. */
export const signerText = (name: string, pem: string): string => `${keyLine}${name}\n${pem}`

/**
 * Reads what {@link signerText} writes.
 * @param type default ed25519; a witness has `cosignature`
 * @throws ProofError `KEY_INVALID`, without anything of the key
 */
export function parseSigner(text: string, type?: SignatureType): Signer {
  const [first = '', ...rest] = text.split(/\r?\n/)
  if (!first.startsWith(keyLine))
    throw new ProofError('KEY_INVALID', 'a key file must begin with a line `eventtrail-key NAME`, then PEM')
  return signerOf(first.slice(keyLine.length), rest.join('\n'), type)
}

/** Makes a private key: PKCS#8 in PEM. */
export const makeKey = (): string =>
  generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' }
  }).privateKey
