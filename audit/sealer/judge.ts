import { hash } from 'node:crypto'
import { checkNote, type Entry, grammar, maxEntryBytes, type Note, parseEntry, parseNote } from '../../proof/index.ts'
import type { KeyRing } from './key-ring.ts'

/** Why an entry is left out of the log: it stays in the database as evidence. */
export const rejections = {
  ENTRY_INVALID: 'it does not follow the grammar',
  OTHER_LOG: 'it names another log',
  MISFILED: 'its row names another writer, number or kind than it does',
  KEY_UNKNOWN: 'no key of the trail has signed it',
  SIGNATURE_INVALID: 'its signature does not fit it: it was changed after it was signed',
  KEY_NOT_ALLOWED: 'its key has another role, or was revoked',
  KEY_REPEATED: 'it adds a key that was added before'
} as const
export type Rejection = keyof typeof rejections

/** An entry of the database that has no place in the log yet. */
export interface Candidate {
  readonly number: number
  readonly writer: string
  readonly seq: number
  readonly kind: string
  /** With its signature. */
  readonly entry: string
}

/** The entry before one, of the same writer. */
export interface Predecessor {
  /** SHA-256 of it, with its signature, base64. */
  readonly digest: string
  readonly state: 'sealed' | 'rejected' | 'waiting'
}

export interface Judgement {
  /** In the order in which they come into the log. */
  readonly sealed: readonly Candidate[]
  readonly rejected: readonly { readonly number: number; readonly reason: Rejection }[]
  /** Sealed, and the entry before of the same writer is missing, was rejected, or is another one than they say. */
  readonly broken: readonly Candidate[]
}

export interface JudgeParts {
  readonly origin: string
  /** How many entries the log has. */
  readonly size: number
  /** Takes the keys that sealed entries add and revoke. */
  readonly ring: KeyRing
  /** The entries before those whose predecessors are no candidates, by {@link placeOf}. */
  readonly before: ReadonlyMap<string, Predecessor>
}

/** Names an entry by its writer and number. */
export const placeOf = ({ writer, seq }: Pick<Candidate, 'writer' | 'seq'>): string => `${writer} ${seq}`

export const digestOfEntry = (entry: string): string => hash('sha256', entry, 'base64')

/**
 * Decides which entries come into the log. One whose predecessor has no place yet waits for it: entries of a writer are in
 * the log in the order of their numbers.
 */
export function judge(candidates: readonly Candidate[], { origin, size, ring, before }: JudgeParts): Judgement {
  const sealed: Candidate[] = []
  const rejected: { number: number; reason: Rejection }[] = []
  const broken: Candidate[] = []
  const judged = new Map<string, Predecessor>()
  // Those that come later in this round wait in any case.
  const waiting = new Set(candidates.map(placeOf))
  for (const candidate of candidates) {
    const digest = digestOfEntry(candidate.entry)
    const place = placeOf(candidate)
    waiting.delete(place)
    const read = readCandidate(candidate, origin, ring)
    const previous = typeof read === 'string' ? undefined : read.entry.previous
    const predecessorPlace = placeOf({ ...candidate, seq: candidate.seq - 1 })
    const predecessor = judged.get(predecessorPlace) ?? before.get(predecessorPlace)
    if (typeof read !== 'string' && previous !== null) {
      if (waiting.has(predecessorPlace) || predecessor?.state === 'waiting') {
        judged.set(place, { digest, state: 'waiting' })
        continue
      }
    }
    const reason = typeof read === 'string' ? read : faultOf(read, ring, size + sealed.length)
    judged.set(place, { digest, state: reason === undefined ? 'sealed' : 'rejected' })
    if (reason !== undefined) {
      rejected.push({ number: candidate.number, reason })
      continue
    }
    sealed.push(candidate)
    if (previous !== null && (predecessor?.state !== 'sealed' || predecessor.digest !== previous))
      broken.push(candidate)
  }
  return { sealed, rejected, broken }
}

interface Read {
  readonly note: Note
  readonly entry: Entry
}

function readCandidate({ entry: text, writer, seq, kind }: Candidate, origin: string, ring: KeyRing): Read | Rejection {
  let read: Read
  try {
    const note = parseNote(text)
    read = { note, entry: parseEntry(note.text) }
  } catch {
    return 'ENTRY_INVALID'
  }
  if (Buffer.byteLength(text) > maxEntryBytes) return 'ENTRY_INVALID'
  const { entry, note } = read
  if (entry.origin !== origin) return 'OTHER_LOG'
  if (entry.writer !== writer || entry.seq !== seq || entry.kind !== kind) return 'MISFILED'
  return isBySomeone(note, ring) ? read : 'KEY_UNKNOWN'
}

const isBySomeone = ({ signatures }: Note, { verifiers }: KeyRing): boolean =>
  signatures.some(({ name, keyId }) => verifiers.some(key => key.name === name && key.keyId === keyId))

function faultOf({ note, entry }: Read, ring: KeyRing, index: number): Rejection | undefined {
  try {
    const [signed, ...more] = checkNote(note, ring.verifiers)
    if (!signed || more.length > 0) return 'ENTRY_INVALID'
    if (!ring.allows(signed.key, grammar[entry.kind].role, index)) return 'KEY_NOT_ALLOWED'
  } catch {
    return 'SIGNATURE_INVALID'
  }
  return entry.kind === 'key' && !ring.take(entry) ? 'KEY_REPEATED' : undefined
}
