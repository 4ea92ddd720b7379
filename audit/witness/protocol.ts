import {
  type Checkpoint,
  checkConsistency,
  checkNote,
  emptyRoot,
  parseCheckpoint,
  parseNote,
  type TreeHead,
  type Verifier
} from '../../proof/index.ts'

/** What a log asks a witness (C2SP tlog-witness, `add-checkpoint`). */
export interface WitnessRequest {
  /** The size that the log believes the witness to have seen. */
  readonly old: number
  /** That the new log continues the old one. */
  readonly path: readonly Buffer[]
  /** The checkpoint, signed by the log. */
  readonly note: string
}

/** Hashes of a proof at most: one for each level of a log, and one more. */
const mostHashes = 63
const hashBytes = 32

export const composeRequest = ({ old, path, note }: WitnessRequest): string =>
  `old ${old}\n${path.map(hash => `${hash.toString('base64')}\n`).join('')}\n${note}`

/** Reads {@link composeRequest}; undefined where it has another form. */
export function parseRequest(text: string): WitnessRequest | undefined {
  const split = text.indexOf('\n\n')
  const [first = '', ...hashes] = text.slice(0, Math.max(0, split)).split('\n')
  const [, old] = /^old (0|[1-9]\d{0,15})$/.exec(first) ?? []
  const path = hashes.map(hash => Buffer.from(hash, 'base64'))
  const isPath = path.every((hash, at) => hash.length === hashBytes && hash.toString('base64') === hashes[at])
  if (old === undefined || !isPath || path.length > mostHashes) return undefined
  return { old: Number(old), path, note: text.slice(split + 2) }
}

/** What a witness does with a request. */
export type Verdict =
  | { readonly status: 200; readonly checkpoint: Checkpoint; readonly text: string }
  /** The size that it has seen. */
  | { readonly status: 409; readonly size: number }
  | { readonly status: 400 | 403 | 404 | 422; readonly words: string }

/**
 * Decides whether a witness cosigns.
 * @param logs the keys of the logs that it knows
 * @param seen the last checkpoint that it has cosigned of the log of that name; undefined for a log that is new to it
 */
export function judgeRequest(
  request: WitnessRequest | undefined,
  logs: readonly Verifier[],
  seen: (origin: string) => TreeHead | undefined
): Verdict {
  if (!request) return { status: 400, words: 'the request has another form than add-checkpoint' }
  let text: string
  let checkpoint: Checkpoint
  const { old, path, note } = request
  try {
    const parsed = parseNote(note)
    text = parsed.text
    checkpoint = parseCheckpoint(text)
    const known = logs.filter(({ name }) => name === checkpoint.origin)
    if (known.length === 0) return { status: 404, words: 'the log is not known to this witness' }
    if (!isSigned(parsed, known)) return { status: 403, words: 'no key of the log that is known here has signed it' }
  } catch {
    return { status: 400, words: 'the checkpoint has another form' }
  }
  if (old > checkpoint.size) return { status: 400, words: 'the old size is larger than that of the checkpoint' }
  const last = seen(checkpoint.origin) ?? { size: 0, root: emptyRoot }
  if (old !== last.size || (checkpoint.size === last.size && !checkpoint.root.equals(last.root)))
    return { status: 409, size: last.size }
  try {
    checkConsistency(last, checkpoint, path)
  } catch {
    return { status: 422, words: 'the proof does not show that this log continues the one that was seen before' }
  }
  return { status: 200, checkpoint, text }
}

function isSigned(note: Parameters<typeof checkNote>[0], known: readonly Verifier[]): boolean {
  try {
    return checkNote(note, known).length > 0
  } catch {
    return false
  }
}
