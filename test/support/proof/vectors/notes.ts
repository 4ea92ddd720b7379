import { hash } from 'node:crypto'
import {
  composeCheckpoint,
  composeNote,
  cosign,
  type Signer,
  signatureTypes,
  signNote,
  signText
} from '../../../../proof/index.ts'
import { testSigner } from '../keys.ts'
import { origin } from './log.ts'

type NoteSignature = ReturnType<typeof signText>
type Key = Pick<Signer, 'vkey'>

const log = testSigner(origin)
const sink = testSigner(`${origin}/sink-1`)
const other = testSigner('other.example/w2', signatureTypes.cosignature)
const stranger = testSigner('reader.example/other')
const witness = testSigner('reader.example/w1', signatureTypes.cosignature)

const text = 'a text\n'
const signed = signText(text, log)
const note = composeNote({ text, signatures: [signed] })
const time = 1_790_000_000
const checkpoint = composeCheckpoint({ origin, size: 300, root: Buffer.alloc(32, 1) })
const cosigned = cosign(checkpoint, witness, time)
const unknown: NoteSignature = { name: 'u', keyId: '00000000', signature: Buffer.of(0) }

const of = (...signatures: readonly NoteSignature[]): string => composeNote({ text, signatures })
const ofCheckpoint = (signature: NoteSignature): string => composeNote({ text: checkpoint, signatures: [signature] })
const altered = (signature: NoteSignature): NoteSignature => ({ ...signature, signature: Buffer.alloc(64, 1) })
const times = (count: number): NoteSignature[] => Array.from({ length: count }, () => unknown)

/** A key as text whose id is right, whatever it is of. */
function vkeyOf(name: string, type: number, bytes: number): string {
  const [, , key = ''] = stranger.vkey.split('+')
  const typed = Buffer.concat([Buffer.of(type), Buffer.from(key, 'base64').subarray(1, 1 + bytes)])
  const id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), typed]), 'hex').slice(0, 8)
  return `${name}+${id}+${typed.toString('base64')}`
}

const valid = (each: string, keys: readonly Key[], by: readonly Signer[], why?: string) => ({
  note: each,
  vkeys: keys.map(({ vkey }) => vkey),
  signed: by.map(({ name }) => name),
  ...(why === undefined ? {} : { why })
})
const invalid = (each: string, why: string, keys: readonly Key[] = [log]) => ({
  note: each,
  vkeys: keys.map(({ vkey }) => vkey),
  why
})
const withKey = (vkey: string, why: string) => ({ note, vkeys: [log.vkey, vkey], why })
const instead = (vkey: string, why: string) => ({ note, vkeys: [vkey], why })

export function noteVectors(): object {
  const lines = 'one line\n\nafter an empty one: größe\n'
  const two = composeNote({ text: lines, signatures: [signText(lines, other), signText(lines, sink)] })
  const [, keyId = '', key = ''] = log.vkey.split('+')
  return {
    valid: [
      valid(signNote(lines, sink), [sink], [sink]),
      valid(two, [log, sink], [sink]),
      valid(
        of(signed, { ...signed, keyId: stranger.keyId }),
        [log],
        [log],
        'a key of the same name, another id, is unknown'
      ),
      valid(
        of({ ...altered(signed), name: 'u' }, signed),
        [log],
        [log],
        'a key of the same id, another name, is unknown'
      ),
      valid(of(signed, signText(text, stranger)), [stranger, log], [log, stranger]),
      valid(ofCheckpoint(cosigned), [witness], [witness]),
      valid(of(signed, signed), [log], [log], 'a key has signed twice, and counts once'),
      valid(signNote('a\u007f\u0085\u009fb\n', log), [log], [log], 'control characters that C2SP takes'),
      valid(of(signed, ...times(99)), [log], [log], '100 signatures')
    ],
    invalid: [
      invalid(signNote(lines, sink).replace('one line', 'one lime'), 'the signature does not fit', [sink]),
      invalid(signNote(lines, sink), 'no known key has signed'),
      invalid(lines, 'there is no signature', [sink]),
      invalid(note.slice(0, -1), 'the last line does not end'),
      invalid(signNote('a\ttext\n', log), 'a control character'),
      invalid(signNote('a text\r\n', log), 'a carriage return, which is signed'),
      invalid(of(signed, altered(signText(text, stranger))), 'a known key fits, another does not', [log, stranger]),
      invalid(of(signed, altered(signed)), 'a known key has signed twice, once not this text'),
      invalid(note.replace(/=+\n$/, '\n'), 'a signature without padding'),
      invalid(
        note.replace(/.=\n$/, last => `${nextLetter(last)}=\n`),
        'base64 of another form'
      ),
      invalid(note.replace(`${origin} `, `${origin}  `), 'two spaces before a signature'),
      invalid(note.replace('—', '-'), 'a hyphen in place of the dash'),
      invalid(note.replace(/\n$/, ' x\n'), 'a word more in a line of a signature'),
      invalid(`${text}\n`, 'no line of a signature'),
      invalid(note.replace('\n\n', '\n'), 'no empty line before the signatures'),
      invalid(`${note}\n${of(signText(text, stranger)).slice(text.length + 1)}`, 'an empty line among the signatures'),
      invalid(of(signed, ...times(100)), '101 signatures'),
      instead(`${origin}+00000000+${key}`, 'a key whose id is not its own'),
      instead(`${origin}+${keyId.toUpperCase()}+${key}`, 'an id in upper case'),
      withKey(vkeyOf('reader.example/x', 2, 32), 'a key of the type 02'),
      withKey(vkeyOf('reader.example/x', 1, 31), 'a key of 31 bytes'),
      withKey(vkeyOf('reader example', 1, 32), 'a key whose name has a space'),
      withKey(vkeyOf('', 1, 32), 'a key without a name'),
      withKey(vkeyOf('reader.example/x', 1, 31).replace('=', ''), 'a key without padding'),
      withKey('reader.example/x+00000000', 'a key of two parts'),
      invalid(ofCheckpoint(signText(checkpoint, witness)), 'a cosignature without its time', [witness]),
      invalid(ofCheckpoint(atTime(cosigned, time + 1)), 'a cosignature of another time', [witness])
    ]
  }
}

/** The last letter before the padding with one bit more, which no byte has. */
const nextLetter = (last: string): string => String.fromCharCode(last.charCodeAt(0) + 1)

function atTime(signature: NoteSignature, seconds: number): NoteSignature {
  const bytes = Buffer.from(signature.signature)
  bytes.writeBigUInt64BE(BigInt(seconds))
  return { ...signature, signature: bytes }
}
