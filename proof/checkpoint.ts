import { ProofError } from './errors.ts'
import type { TreeHead } from './log-tree.ts'
import { checkNote, parseNote, type Signed } from './notes.ts'
import { hashBytes } from './row.ts'
import type { Trust } from './trust.ts'

/** What a log says of itself (C2SP tlog-checkpoint): how many entries it has, and their root. */
export interface Checkpoint extends TreeHead {
  /** The name of the log, which is that of its key. */
  readonly origin: string
}

const invalid = (what: string): ProofError => new ProofError('CHECKPOINT_INVALID', `a checkpoint ${what}`)

/** The text of a checkpoint, which the log then signs. Nothing follows its three lines. */
export const composeCheckpoint = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${root.toString('base64')}\n`

/** Reads the text of a checkpoint; lines that follow its three are passed over. @throws ProofError `CHECKPOINT_INVALID` */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n')
  const [origin = '', number = '', encoded = ''] = lines
  const root = Buffer.from(encoded, 'base64')
  const size = Number(number)
  if (!text.endsWith('\n') || lines.length < 4 || lines.slice(0, -1).includes('')) throw invalid('has too few lines')
  if (!/^(0|[1-9]\d*)$/.test(number) || !Number.isSafeInteger(size)) throw invalid('has no size')
  if (root.length !== hashBytes || root.toString('base64') !== encoded) throw invalid('has no root')
  return { origin, size, root }
}

/** A checkpoint whose signatures hold. */
export interface TrustedCheckpoint extends Checkpoint {
  /** The log and the witnesses that signed, with their times. */
  readonly signed: readonly Signed[]
}

/**
 * Holds a signed checkpoint against a policy.
 * @throws ProofError `NOTE_INVALID`; `CHECKPOINT_INVALID` also when no trusted log of this name, or too few witnesses, have
 * signed it
 */
export function checkCheckpoint(note: string, trust: Trust): TrustedCheckpoint {
  const parsed = parseNote(note)
  const checkpoint = parseCheckpoint(parsed.text)
  const signed = checkNote(parsed, [...trust.logs, ...trust.witnesses])
  if (!signed.some(({ key }) => trust.logs.includes(key) && key.name === checkpoint.origin))
    throw invalid('is signed by no trusted log of its name')
  if (!trust.hasQuorum(signed.map(({ key }) => key))) throw invalid('is cosigned by too few witnesses')
  return { ...checkpoint, signed }
}
