import { hash } from 'node:crypto'
import {
  composeCheckpoint,
  composeNote,
  cosign,
  logRoot,
  signatureTypes,
  signNote,
  signText
} from '../../../../proof/index.ts'
import { testSigner } from '../keys.ts'
import { origin, read } from './log.ts'

type NoteSignature = ReturnType<typeof signText>

const log = testSigner(origin)
const root = testSigner(`${origin}/root`)
const witness = testSigner('auditor.example/w1', signatureTypes.cosignature)
const other = testSigner('other.example/w2', signatureTypes.cosignature)
const asWitness = testSigner(origin, signatureTypes.cosignature)
const asLog = testSigner('auditor.example/w1')

/** The key of a signer under a name of its own. */
const renamed = (name: string, { vkey }: { vkey: string }): string => {
  const typed = Buffer.from(vkey.split('+')[2] ?? '', 'base64')
  const id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), typed]), 'hex').slice(0, 8)
  return `${name}+${id}+${typed.toString('base64')}`
}

const head = `log ${log.vkey}\nroot ${root.vkey}\n`
const [line1, line2] = [`witness w1 ${witness.vkey}\n`, `witness w2 ${other.vkey}\n`]
const witnesses = `${line1}${line2}`
const time = 1_790_000_000

export function checkpointVectors(): object {
  const text = composeCheckpoint({ origin, size: 300, root: logRoot(300, read) })
  const [signed, one, two] = [signText(text, log), cosign(text, witness, time), cosign(text, other, time)]
  const by = (trust: string, ...signatures: readonly NoteSignature[]) => ({
    trust,
    note: composeNote({ text, signatures })
  })
  /** Signed by the log, and by one witness where the policy has any. */
  const policy = (trust: string, why: string) => ({
    ...by(trust, signed, ...(trust.includes('witness') ? [one] : [])),
    why
  })
  const group = (words: string, why: string) => policy(`${head}${witnesses}group both ${words}\nquorum both\n`, why)
  const whole = `${head}${witnesses}group both any w1 w2\nquorum both\n`
  const both = `${head}${witnesses}group both all w1 w2\nquorum both\n`
  const none = `${head}quorum none\n`
  /** Another text, which the log has signed. */
  const changed = (from: string | RegExp, to: string, why: string) => ({
    trust: none,
    note: signNote(text.replace(from, to), log),
    why
  })
  return {
    text,
    valid: [
      by(none, signed),
      by(whole, signed, one),
      by(both, signed, one, two),
      { trust: none, note: signNote(`${text}another line\n`, log), why: 'a line more, which is passed over' },
      policy(`# the log of the school\n\n${none}`, 'a comment and an empty line'),
      policy(none.replace('\n', ` https://${origin}\n`), 'a log with a URL'),
      group('1 w1 w2', 'one of two, as a number'),
      { ...by(both.replace(' all ', ' 2 '), signed, one, two), why: 'two of two, as a number' },
      policy(whole.replace('quorum both', 'quorum w1'), 'a witness is the quorum'),
      {
        ...by(`${head}${witnesses}group one any w1\ngroup both all one w2\nquorum both\n`, signed, one, two),
        why: 'a group in a group'
      }
    ],
    invalid: [
      { ...by(both, signed, one), why: 'too few witnesses' },
      { ...by(whole, one), why: 'no log has signed' },
      changed(origin, 'another.example/trail', 'the name is not that of the key'),
      changed('300', '0300', 'the size has another form'),
      policy(head, 'no quorum'),
      policy(`${none}quorum none\n`, 'two quorums'),
      policy(`${head}quorum w1\n`, 'a quorum that is not defined'),
      policy(`${head}quorum none none\n`, 'a word more'),
      policy(`${none}mirror x\n`, 'a line that no policy has'),
      policy(`log ${log.vkey}\nquorum none\n`, 'no root'),
      group('any w1 w3', 'a member that is not defined'),
      policy(`${head}${line1}group both any w1 w2\n${line2}quorum both\n`, 'a member that is defined later'),
      policy(`${head}${witnesses}quorum both\ngroup both any w1 w2\n`, 'a quorum that is defined later'),
      group('any w1 w1', 'a member twice'),
      group('any w1 none', 'none is no member'),
      group('any', 'a group without members'),
      group('0 w1 w2', 'none of the members'),
      group('3 w1 w2', 'more than the members'),
      group('-1 w1 w2', 'a negative number of members'),
      policy(whole.replace('witness w2', 'witness w1'), 'a name is defined twice'),
      policy(whole.replaceAll('both', 'w1'), 'a group has the name of a witness'),
      policy(whole.replaceAll('both', 'none'), 'a group has the name none'),
      policy(`log ${renamed('reader.example/log', log)}\n${whole}`, 'a key of two logs, under two names'),
      policy(
        `witness w0 ${renamed('reader.example/w0', witness)}\n${whole}`,
        'a key of two witnesses, under two names'
      ),
      policy(`log ${asWitness.vkey}\n${whole}`, 'a log whose key has the type of witnesses'),
      policy(`witness w0 ${asLog.vkey}\n${whole}`, 'a witness whose key has the type of logs'),
      policy(none.replace(root.vkey, witness.vkey), 'a root whose key has the type of witnesses'),
      policy(none.replace(log.keyId, '00000000'), 'a key whose id is not its own'),
      policy(whole.replace('quorum both', 'quorum w2'), 'the witness of the quorum has not signed'),
      policy(
        `${head}${witnesses}group one all w1 w2\ngroup both all one\nquorum both\n`,
        'too few witnesses of a group in a group'
      ),
      {
        ...by(whole, signed, one, { ...two, signature: one.signature }),
        why: 'one cosignature does not fit, which the quorum does not need'
      },
      changed(/.*\n$/, '', 'two lines'),
      changed(/$/, '\nanother line\n', 'an empty line before a line more'),
      changed(/.*\n$/, `${Buffer.alloc(31, 1).toString('base64')}\n`, 'a root of 31 bytes'),
      changed('m2Eg=', 'm2Eh=', 'a root in another form of base64'),
      changed('300', '-1', 'a negative size'),
      changed('300', '', 'no size'),
      changed('\n', ' \n', 'a space after the origin'),
      { ...by(none, signText(text, root)), why: 'the root has signed, and no log' },
      {
        ...by(`${head}${line1}quorum w1\n`, signed, signText(text, witness)),
        why: 'a witness has signed as a log does'
      }
    ]
  }
}
