import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkCheckpoint,
  checkNote,
  composeCheckpoint,
  composeNote,
  cosign,
  makeKey,
  parseCheckpoint,
  parseNote,
  parseSigner,
  parseTrust,
  parseVkey,
  signatureTypes,
  signerOf,
  signerText,
  signNote,
  signText
} from '../../../proof/index.ts'
import { testSigner } from '../../support/proof/keys.ts'

const code = (name: string) => expect.objectContaining({ code: name })
const log = testSigner('school.example/trail')
const one = testSigner('auditor.example/w1', signatureTypes.cosignature)
const two = testSigner('other.example/w2', signatureTypes.cosignature)

describe('a key', () => {
  test('is read as text again, with the name, the id and the kind of signature', () => {
    for (const signer of [log, one]) {
      const { name, keyId, type, vkey } = parseVkey(signer.vkey)
      expect({ name, keyId, type, vkey }).toEqual({
        name: signer.name,
        keyId: signer.keyId,
        type: signer.type,
        vkey: signer.vkey
      })
    }
    expect(createPrivateKey(makeKey()).asymmetricKeyType).toBe('ed25519')
    const pem = makeKey()
    expect(signerOf('a', pem).vkey).toBe(signerOf('a', pem).vkey)
  })

  test.each([
    '',
    'name+530d903a',
    log.vkey.replace('school', 'schoo1'),
    log.vkey.replace(/\+[0-9a-f]{8}\+/, id => id.toUpperCase()).replace('+A', '+Z'),
    `${log.vkey}=`,
    log.vkey.replace('school.example', 'school example')
  ])('is refused in another form (%#)', text => {
    expect(() => parseVkey(text)).toThrow(code('KEY_INVALID'))
  })

  test('that is private is ed25519 in PEM, and is in no message', () => {
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' }
    })
    for (const pem of ['', 'secret', privateKey])
      expect(() => signerOf('a', pem)).toThrow(
        expect.objectContaining({ code: 'KEY_INVALID', message: expect.not.stringContaining('secret') })
      )
    for (const name of ['', 'a b', 'a+b', 'a\u00a0b', 'a\u2003b', 'a\nb'])
      expect(() => signerOf(name, makeKey())).toThrow(code('KEY_INVALID'))
  })
})

test('a key file names its key, with line ends of any system, and is refused without a name', () => {
  const pem = makeKey()
  const text = signerText('school.example/trail/sink-1', pem)
  for (const each of [text, text.replaceAll('\n', '\r\n')])
    expect(parseSigner(each).vkey).toBe(signerOf('school.example/trail/sink-1', pem).vkey)
  expect(parseSigner(text, signatureTypes.cosignature).type).toBe(signatureTypes.cosignature)
  for (const wrong of ['', pem, `eventtrail-key \n${pem}`, 'eventtrail-key a\nsecret'])
    expect(() => parseSigner(wrong)).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID', message: expect.not.stringContaining('secret') })
    )
})

describe('a note', () => {
  test('of the specification is checked', () => {
    const key = parseVkey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k')
    const note =
      'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n'
    expect(checkNote(parseNote(note), [key])).toEqual([{ key }])
    expect(composeNote(parseNote(note))).toBe(note)
    expect(() => checkNote(parseNote(note.replace('an example', 'a sample')), [key])).toThrow(code('NOTE_INVALID'))
  })

  test('passes over keys that are not known, and refuses a known one that does not fit', () => {
    const text = 'text\n'
    const stranger = testSigner('stranger.example')
    const both = composeNote({ text, signatures: [signText(text, stranger), signText(text, log), signText(text, log)] })
    expect(checkNote(parseNote(both), [log])).toEqual([{ key: log }])
    expect(() => checkNote(parseNote(both), [one])).toThrow(code('NOTE_INVALID'))
    const wrong = composeNote({ text, signatures: [signText(text, stranger), signText('other\n', log)] })
    expect(() => checkNote(parseNote(wrong), [stranger, log])).toThrow(code('NOTE_INVALID'))
    // The same key twice, once of another text.
    const twice = composeNote({ text, signatures: [signText(text, log), signText('other\n', log)] })
    expect(() => checkNote(parseNote(twice), [log])).toThrow(code('NOTE_INVALID'))
    // The same name and id with other bytes.
    const swapped = { ...signText(text, stranger), name: log.name, keyId: log.keyId }
    expect(() => checkNote({ text, signatures: [swapped] }, [log])).toThrow(code('NOTE_INVALID'))
  })

  test('any change of a letter is refused', () => {
    const note = signNote('first line\nsecond line\n', log)
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.constantFrom('a', 'B', '+', ' ', '\n', '—', '\u0000'), (at, letter) => {
        fc.pre(note[at] !== letter)
        const changed = note.slice(0, at) + letter + note.slice(at + 1)
        expect(() => checkNote(parseNote(changed), [log])).toThrow(code('NOTE_INVALID'))
      })
    )
  })

  test.each([
    '',
    'text',
    'text\n',
    'text\n\n',
    '\n\n— a AAAAAAA=',
    'text\n\n- a AAAAAAA=\n',
    'text\n\n— a AAAA\n',
    'a\tb\n\n— a AAAAAAA=\n'
  ])('has one form (%j)', note => {
    expect(() => parseNote(note)).toThrow(code('NOTE_INVALID'))
  })
})

describe('a checkpoint', () => {
  const checkpoint = { origin: log.name, size: 300, root: Buffer.alloc(32, 7) }
  const text = composeCheckpoint(checkpoint)
  const time = 1_790_000_000
  const [signed, first, second] = [signText(text, log), cosign(text, one, time), cosign(text, two, time)]
  const root = testSigner('school.example/trail/root')
  const keys = `root ${root.vkey}\nlog ${log.vkey} https://school.example/log\nwitness w1 ${one.vkey}\n  witness\tw2 ${two.vkey}\n`

  test('is read as it was composed, and lines that follow are passed over', () => {
    expect(parseCheckpoint(text)).toEqual(checkpoint)
    expect(parseCheckpoint(`${text}more\n`)).toEqual(checkpoint)
    for (const wrong of [
      '',
      'a\n1\n',
      text.slice(0, -1),
      `${text}\n`,
      text.replace('300', '+300'),
      text.replace('300', '1e3')
    ])
      expect(() => parseCheckpoint(wrong)).toThrow(code('CHECKPOINT_INVALID'))
  })

  test('needs the log, and as many witnesses as the policy says', () => {
    const check = (quorum: string, ...signatures: (typeof signed)[]) =>
      checkCheckpoint(composeNote({ text, signatures }), parseTrust(`# comment\n\n${keys}${quorum}\n`))
    expect(check('quorum none', signed)).toEqual({
      ...checkpoint,
      signed: [{ key: expect.objectContaining({ vkey: log.vkey }) }]
    })
    expect(check('quorum w1', signed, first).signed[1]).toMatchObject({ time })
    expect(check('group g 2 w1 w2\nquorum g', signed, second, first).signed).toHaveLength(3)
    expect(check('group g any w1 w2\ngroup h all g w2\nquorum h', signed, second).size).toBe(300)
    expect(() => check('quorum w1', signed, second)).toThrow(code('CHECKPOINT_INVALID'))
    expect(() => check('group g all w1 w2\nquorum g', signed, second)).toThrow(code('CHECKPOINT_INVALID'))
    expect(() => check('quorum none', first, second)).toThrow(code('CHECKPOINT_INVALID'))
  })

  test('of another log than that of its key, and a cosignature with another time, are refused', () => {
    const trust = parseTrust(`${keys}quorum w1\n`)
    expect(() => checkCheckpoint(signNote(text.replace(log.name, 'other'), log), trust)).toThrow(
      code('CHECKPOINT_INVALID')
    )
    const late = { ...first, signature: Buffer.from(first.signature) }
    late.signature.writeBigUInt64BE(BigInt(time + 1))
    expect(() => checkCheckpoint(composeNote({ text, signatures: [signed, late] }), trust)).toThrow(
      code('NOTE_INVALID')
    )
  })

  test.each([
    ['nothing', ''],
    ['no quorum', `root ${root.vkey}\nlog ${log.vkey}\n`],
    ['no root', `log ${log.vkey}\nquorum none\n`],
    ['two roots', `${keys}root ${root.vkey}\nquorum none\n`],
    ['two quorums', `${keys}quorum none\nquorum none\n`],
    ['a name that is not defined', `${keys}quorum w3\n`],
    ['a name twice', `${keys}group w1 any w2\nquorum none\n`],
    ['a key twice', `${keys}witness w3 ${one.vkey}\nquorum none\n`],
    ['a group of more than its members', `${keys}group g 3 w1 w2\nquorum g\n`],
    ['a group of none', `${keys}group g any none\nquorum g\n`],
    ['a member twice', `${keys}group g 2 w1 w1\nquorum g\n`],
    ['the key of a witness as a log', `root ${root.vkey}\nlog ${one.vkey}\nquorum none\n`],
    ['another word', `${keys}trust everyone\nquorum none\n`],
    ['a key that is none', `${keys}log key\nquorum none\n`]
  ])('a policy with %s is refused', (_, policy) => {
    expect(() => parseTrust(policy)).toThrow(code('TRUST_INVALID'))
  })

  test('a policy may name the root, and a fault names the line', () => {
    expect(parseTrust(`root ${root.vkey}\nquorum none\n`).root?.vkey).toBe(root.vkey)
    expect(() => parseTrust('# one\nquorum none\n\nlog key\n')).toThrow('line 4 of the trust policy')
  })
})
