import { hash } from 'node:crypto'
import { AsideDigest, type AsideLine, offsetsOf } from './digests.ts'
import { composeEntry, type EntryHead, type Stretch } from './entries/index.ts'
import { hashBytes, rowForm } from './row.ts'
import { WideTree } from './wide-tree.ts'

/**
 * What one writer says of the rows that it stored, in the transaction of the rows.
 *
 *          attempt()            stored()
 *   empty ----------> attempt -----------> open ----> attempt …   extended in place, until a limit closes it:
 *     ^                  |                  |         the next attempt begins another entry
 *     |    rolledBack()  |                  | finish()
 *     +------------------+                  v
 *                                         closed
 *
 * Trees are forked for an attempt, and the forks are kept once it is stored: what was rolled back costs nothing.
 *
 * It lives as long as its database session. Once the outcome of a COMMIT is not known, what the database has of the
 * entry is not known either, and may yet change: the next session begins another one, with another writer.
 */

/** What of a partition is stored in one transaction: offsets that follow each other. */
export interface Chunk {
  readonly topic: string
  readonly partition: number
  readonly incarnation: number
  readonly first: number
  readonly last: number
  /** 32 bytes for each row, in the order of the offsets. */
  readonly leaves: Buffer
  /** The offsets that became no rows, in their order; those that hold no event are not among them. */
  readonly aside: readonly AsideLine[]
}

/** An entry as it is stored. */
export interface StoredEntry {
  readonly writer: string
  readonly seq: number
  /** Signed. */
  readonly entry: string
  /** Whether it may be extended by the next transaction. */
  readonly open: boolean
}

export interface StatementOptions {
  readonly origin: string
  /** A UUID that no other session has. */
  readonly writer: string
  readonly group: string
  readonly prefix: string
  /** Signs a text: `signNote` with the key of the sink. */
  readonly sign: (text: string) => string
  /** When an entry is closed. */
  readonly limits?: Partial<StatementLimits>
}

export interface StatementLimits {
  /** Default 10,000. */
  readonly rows: number
  /** Milliseconds by the writer's clock. Default 10,000. */
  readonly ms: number
  /** Bytes of its text. Default 30,000. An entry has at most one transaction or this. */
  readonly bytes: number
}

const defaultLimits: StatementLimits = { rows: 10_000, ms: 10_000, bytes: 30_000 }

/** When a transaction began, by the clock of Postgres and by that of the writer: as in entries, UTC to the microsecond. */
export interface Moment {
  readonly recorded: string
  readonly clock: string
}

/** A stretch as it grows. */
interface Growing {
  readonly chunk: Omit<Chunk, 'leaves' | 'aside' | 'last'>
  readonly last: number
  readonly counts: { readonly duplicates: number; readonly quarantined: number; readonly lost: number }
  readonly tree: WideTree
  readonly aside: AsideDigest
}

/** An entry as it grows. */
interface Draft {
  readonly head: EntryHead
  readonly stretches: readonly Growing[]
  readonly first: Moment
  readonly last: Moment
}

/** What an attempt would store. */
export interface Attempt {
  /** The entries in their order; the last one only is open. Written in the transaction of the rows. */
  readonly entries: readonly StoredEntry[]
}

class Composed implements Attempt {
  readonly entries: readonly StoredEntry[]
  readonly last: Draft

  constructor(entries: readonly StoredEntry[], last: Draft) {
    this.entries = entries
    this.last = last
  }
}

/** The statements of one writer. */
export class Statement {
  readonly #options: StatementOptions
  readonly #limits: StatementLimits
  /** The entry that is stored and may be extended. */
  #open: { readonly draft: Draft; readonly stored: StoredEntry } | undefined
  #next: { readonly seq: number; readonly previous: string | null } = { seq: 0, previous: null }

  constructor(options: StatementOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
  }

  /** The UUID that it writes its entries under. */
  get writer(): string {
    return this.#options.writer
  }

  /**
   * Composes what a transaction has to store besides its rows. Nothing of it counts until {@link stored}.
   * An entry has one stretch of a partition: one that continues elsewhere, or in another incarnation, is in the next
   * entry, so that the time of a row shows which incarnation it is of.
   * @param chunks of which none is empty, and those of a partition follow each other
   */
  attempt(chunks: readonly Chunk[], moment: Moment): Attempt {
    const entries: StoredEntry[] = []
    let draft = this.#open?.draft ?? this.#begin(this.#next, moment)
    let extended = false
    const end = () => {
      const ended = extended
        ? this.#compose({ ...draft, last: moment }, false)
        : { ...(this.#open?.stored as StoredEntry), open: false }
      entries.push(ended)
      draft = this.#begin(after(ended), moment)
      extended = false
    }
    // A clock was set back: the times of what is open would no longer hold its rows.
    if (this.#open && isBefore(moment, draft.last)) end()
    for (const chunk of chunks) {
      let stretches = grow(draft.stretches, chunk)
      if (!stretches || (extended && sizeOf(stretches) > this.#limits.bytes)) {
        end()
        stretches = grow(draft.stretches, chunk) as readonly Growing[]
      }
      draft = { ...draft, stretches }
      extended = true
    }
    draft = { ...draft, last: moment }
    return new Composed([...entries, this.#compose(draft, !this.#isFull(draft))], draft)
  }

  /** The transaction was committed. */
  stored(attempt: Attempt): void {
    const composed = mine(attempt)
    const entry = composed.entries.at(-1) as StoredEntry
    this.#open = entry.open ? { draft: composed.last, stored: entry } : undefined
    if (!entry.open) this.#next = after(entry)
  }

  /**
   * The database did not take the entry: the transaction has to be rolled back and tried again.
   * @returns whether another entry of this writer begins then, as what was open is sealed by now; false where the number
   * was new: someone else has it, and another writer has to begin
   */
  refused(): boolean {
    if (!this.#open) return false
    this.#next = after(this.#open.stored)
    this.#open = undefined
    return true
  }

  /** Ends the entry that is open, so that the next attempt begins another one. @returns it, to be stored as closed */
  finish(): StoredEntry | undefined {
    const open = this.#open
    if (!open) return undefined
    this.#open = undefined
    this.#next = after(open.stored)
    return { ...open.stored, open: false }
  }

  #begin({ seq, previous }: { readonly seq: number; readonly previous: string | null }, first: Moment): Draft {
    const { origin, writer } = this.#options
    return { head: { origin, writer, seq, previous }, stretches: [], first, last: first }
  }

  #isFull({ stretches, first, last }: Draft): boolean {
    const { rows, ms, bytes } = this.#limits
    const stored = stretches.reduce((sum, { tree }) => sum + tree.rows, 0)
    return stored >= rows || sizeOf(stretches) >= bytes || Date.parse(last.clock) - Date.parse(first.clock) >= ms
  }

  #compose({ head, stretches, first, last }: Draft, open: boolean): StoredEntry {
    const { group, prefix, sign } = this.#options
    const text = composeEntry({
      ...head,
      kind: 'batch',
      recorded: { first: first.recorded, last: last.recorded },
      clock: { first: first.clock, last: last.clock },
      group,
      prefix,
      form: rowForm,
      stretch: stretches.map(lineOf).sort(byPlace)
    })
    return { writer: head.writer, seq: head.seq, entry: sign(text), open }
  }
}

const isBefore = (one: Moment, other: Moment): boolean => one.recorded < other.recorded || one.clock < other.clock

function mine(attempt: Attempt): Composed {
  if (attempt instanceof Composed) return attempt
  throw new TypeError('the attempt is of no statement')
}

/** What the entry after this one has in its head. */
const after = ({ seq, entry }: StoredEntry) => ({ seq: seq + 1, previous: hash('sha256', entry, 'base64') })

/**
 * The stretches with a chunk more: one of them grows, or another one begins. Those that are given stay as they are.
 * @returns undefined where there is one of the partition that it does not follow
 */
function grow(stretches: readonly Growing[], chunk: Chunk): readonly Growing[] | undefined {
  const place = stretches.findIndex(
    known => known.chunk.topic === chunk.topic && known.chunk.partition === chunk.partition
  )
  const known = stretches[place]
  if (!known) return [...stretches, grown(undefined, chunk)]
  const follows = known.last === chunk.first - 1 && known.chunk.incarnation === chunk.incarnation
  return follows ? stretches.with(place, grown(known, chunk)) : undefined
}

function grown(known: Growing | undefined, { leaves, aside, last, ...chunk }: Chunk): Growing {
  const tree = known?.tree.fork() ?? new WideTree()
  const digest = known?.aside.fork() ?? new AsideDigest()
  const counts = { duplicates: 0, quarantined: 0, lost: 0, ...known?.counts }
  tree.append(leaves)
  for (const line of aside) {
    digest.add(line)
    counts[line.kind === 'duplicate' ? 'duplicates' : line.kind] += offsetsOf(line)
  }
  return { chunk: known?.chunk ?? chunk, last, counts, tree, aside: digest }
}

function lineOf({ chunk, last, counts, tree, aside }: Growing): Stretch {
  const { duplicates, quarantined, lost } = counts
  const { rows } = tree
  const skipped = last - chunk.first + 1 - rows - duplicates - quarantined - lost
  const root = tree.root()?.toString('base64') ?? null
  return { ...chunk, last, rows, duplicates, quarantined, skipped, lost, root, aside: aside.digest() }
}

// As entries are sorted.
const byPlace = (one: Stretch, other: Stretch): number =>
  Buffer.from(one.topic).compare(Buffer.from(other.topic)) ||
  one.partition - other.partition ||
  one.incarnation - other.incarnation ||
  one.first - other.first

// The head, the signature and the lines at their longest: base64 of two hashes, ten numbers.
const headBytes = 1_000
const lineBytes = 2 * Math.ceil(hashBytes / 3) * 4 + 130
const sizeOf = (stretches: readonly Growing[]): number =>
  stretches.reduce((sum, { chunk }) => sum + chunk.topic.length + lineBytes, headBytes)
