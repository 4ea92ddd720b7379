import { verify } from 'node:crypto'
import { ProofError } from './errors.ts'
import { isKeyName, type Signer, signatureTypes, type Verifier } from './keys.ts'

/** A line of a note that says who signed it. */
export interface NoteSignature {
  readonly name: string
  /** 4 bytes as hexadecimal digits. */
  readonly keyId: string
  /** What follows the id of the key. */
  readonly signature: Buffer
}

/** A signed note (C2SP signed-note), of which no signature was checked. */
export interface Note {
  /** With the line feed at its end. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** A key that has signed a note. */
export interface Signed {
  readonly key: Verifier
  /** Of a cosignature: when it was made, in seconds since 1970. */
  readonly time?: number
}

const mostSignatures = 100
const mostBytes = 1_000_000
const keyIdBytes = 4
const timeBytes = 8
const invalid = (what: string): ProofError => new ProofError('NOTE_INVALID', `the text is no signed note: ${what}`)

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a note may not have
const controls = /[\u0000-\u0009\u000b-\u001f]/

/** @throws ProofError `NOTE_INVALID` */
export function parseNote(note: string): Note {
  if (Buffer.byteLength(note) > mostBytes) throw invalid('it is too long')
  if (!note.isWellFormed() || controls.test(note)) throw invalid('it has control characters or is no UTF-8')
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n')) throw invalid('it has no signatures after an empty line')
  const lines = note
    .slice(split + 2)
    .split('\n')
    .slice(0, -1)
  if (lines.length === 0 || lines.length > mostSignatures) throw invalid('it has no signatures, or too many')
  return { text: note.slice(0, split + 1), signatures: lines.map(signatureIn) }
}

/** Reads a line of a signature. @throws ProofError `NOTE_INVALID` */
export function signatureIn(line: string): NoteSignature {
  const [, name = '', encoded = ''] = /^— (\S+) ([A-Za-z0-9+/]+=*)$/u.exec(line) ?? []
  const bytes = Buffer.from(encoded, 'base64')
  if (!isKeyName(name) || bytes.toString('base64') !== encoded || bytes.length <= keyIdBytes)
    throw invalid('a line of a signature has another form')
  return { name, keyId: bytes.toString('hex', 0, keyIdBytes), signature: bytes.subarray(keyIdBytes) }
}

/** The text with its signatures. */
export const composeNote = ({ text, signatures }: Note): string => `${text}\n${signatures.map(signatureLine).join('')}`

/** The line of a signature, with the line feed at its end. */
export const signatureLine = ({ name, keyId, signature }: NoteSignature): string =>
  `— ${name} ${Buffer.concat([Buffer.from(keyId, 'hex'), signature]).toString('base64')}\n`

/** The signature of a text, for {@link composeNote}. @param text with the line feed at its end */
export const signText = (text: string, signer: Signer): NoteSignature => {
  const { name, keyId } = signer
  return { name, keyId, signature: signer.sign(Buffer.from(text)) }
}

/** A note that one key signs. */
export const signNote = (text: string, signer: Signer): string =>
  composeNote({ text, signatures: [signText(text, signer)] })

/** What a witness signs of the text of a checkpoint (C2SP tlog-cosignature). @param time seconds since 1970 */
const cosignedText = (text: string, time: bigint): string => `cosignature/v1\ntime ${time}\n${text}`

/** The cosignature of a witness. @param time seconds since 1970 */
export function cosign(text: string, signer: Signer, time: number): NoteSignature {
  const at = Buffer.alloc(timeBytes)
  at.writeBigUInt64BE(BigInt(time))
  const signature = signer.sign(Buffer.from(cosignedText(text, BigInt(time))))
  return { name: signer.name, keyId: signer.keyId, signature: Buffer.concat([at, signature]) }
}

/**
 * Checks the signatures of keys that are known; those of other keys are passed over.
 * @returns the keys that have signed, each once
 * @throws ProofError `NOTE_INVALID` where a known key has a signature that does not fit, or none has signed
 */
export function checkNote({ text, signatures }: Note, known: readonly Verifier[]): readonly Signed[] {
  const found: Signed[] = []
  for (const signature of signatures) {
    const key = known.find(({ name, keyId }) => name === signature.name && keyId === signature.keyId)
    if (!key) continue
    const signed = checkSignature(text, signature, key)
    if (!found.some(each => each.key === key)) found.push(signed)
  }
  if (found.length === 0) throw new ProofError('NOTE_INVALID', 'no known key has signed the note')
  return found
}

function checkSignature(text: string, { signature }: NoteSignature, key: Verifier): Signed {
  const timed = key.type === signatureTypes.cosignature
  const time = timed && signature.length > timeBytes ? signature.readBigUInt64BE() : 0n
  const message = timed ? cosignedText(text, time) : text
  const bytes = timed ? signature.subarray(timeBytes) : signature
  if (time > BigInt(Number.MAX_SAFE_INTEGER) || !verify(null, Buffer.from(message), key.publicKey, bytes))
    throw new ProofError('NOTE_INVALID', 'the signature of a known key does not fit the note')
  return timed ? { key, time: Number(time) } : { key }
}
