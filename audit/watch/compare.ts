import { AsideDigest, type AsideLine, type EntryOf, WideTree } from '../../proof/index.ts'
import type { FindingCode } from '../verify/index.ts'
import { idAt, leafBytes, recordsIn, type Seen } from './seen.ts'

/** What an entry of a sink says of successive offsets. */
export type Stretch = EntryOf<'batch'>['stretch'][number]

/** What came of a comparison. */
export type Verdict =
  /** With how many duplicates whose ids were not read before: that they are duplicates is the word of the sink. */
  | { readonly kind: 'same'; readonly unread: number }
  | { readonly kind: 'differs'; readonly code: FindingCode; readonly words: string }
  /** What was read is not enough to say. */
  | { readonly kind: 'open'; readonly words: string }

const differs = (code: FindingCode, words: string): Verdict => ({ kind: 'differs', code, words })
const open = (words: string): Verdict => ({ kind: 'open', words })

/** Lines of a list that are hashed at most to find which records it is about. */
const mostLines = 200_000

/**
 * Holds a stretch against what was read of its offsets, all of them.
 *
 * A stretch does not say which records are duplicates or in quarantine: it has a digest of that list. So lists are made
 * that are likely, by the ids that were read before and by what Postgres refuses, until one has the digest. Where none
 * has, and others are possible, nothing can be said of the rows either.
 */
export function compareStretch(stretch: Stretch, seen: Seen): Verdict {
  const { rows, duplicates, quarantined } = stretch
  const there = recordsIn(seen)
  const said = rows + duplicates + quarantined
  if (said < there)
    return differs(
      'RECORD_LEFT_OUT',
      `${there - said} of ${there} records are neither rows nor in a list: the statement says that their offsets hold no event, or were lost`
    )
  if (said > there)
    return differs('ROW_ADDED', `the statement accounts for ${said} records, and Kafka has ${there} at these offsets`)
  const refused = quarantined - (there - seen.offsets.length)
  if (refused < 0)
    return differs('ROW_ADDED', `${-refused} records that cannot be events are said to be rows or duplicates`)
  for (const without of likelyLists(seen, duplicates, refused)) {
    if (asideOf(stretch, seen, without) !== stretch.aside) continue
    return rootWithout(seen, without) === stretch.root
      ? { kind: 'same', unread: unreadIn(seen, without) }
      : differs('ROWS_CHANGED', `the ${rows} rows of the statement are not the records that Kafka has`)
  }
  // Every list that is possible was made.
  const isAll = duplicates === 0 || rows === 0 || (duplicates === 1 && canTry(seen, duplicates))
  if (stretch.lost === 0 && refused === 0 && isAll)
    return differs('LIST_CHANGED', 'duplicates and quarantine of the statement are not those of the records')
  return open(
    `${duplicates} duplicates and ${quarantined} records in quarantine: which records these are cannot be made out from here, and so the rows are not compared`
  )
}

/** Of each record that is no row, by its place among those that can be events, what became of it. */
type Without = ReadonlyMap<number, Omit<Extract<AsideLine, { kind: 'quarantined' }>, 'offset'> | { kind: 'duplicate' }>

function* likelyLists(seen: Seen, duplicates: number, refused: number): Generator<Without, void, undefined> {
  const count = seen.offsets.length
  if (duplicates + refused === 0) {
    yield new Map()
    return
  }
  const known = doubtful(seen)
  const kinds = [...known.values()].map(({ kind }) => kind)
  if (
    kinds.filter(kind => kind === 'duplicate').length === duplicates &&
    kinds.filter(kind => kind === 'quarantined').length === refused
  )
    yield known
  // A record whose id was read before this began: another one of the list has to be found by trying.
  if (refused > 0 || duplicates === 0) return
  if (!canTry(seen, duplicates)) return
  for (let from = 0; from + duplicates <= count; from += 1)
    yield new Map(Array.from({ length: duplicates }, (_, index) => [from + index, { kind: 'duplicate' as const }]))
}

/** Whether trying each run of so many records costs little: each list has the bad records too. */
function canTry({ offsets, bad }: Seen, duplicates: number): boolean {
  const runs = offsets.length - duplicates + 1
  return runs <= 1 || runs * (duplicates + bad.length) <= mostLines
}

function doubtful({ offsets, doubts }: Seen): Without {
  const found = new Map<number, { kind: 'duplicate' } | { kind: 'quarantined'; code: string; digest: Buffer }>()
  if (doubts.size === 0) return found
  for (let index = 0; index < offsets.length; index += 1) {
    const doubt = doubts.get(offsets[index] as number)
    if (doubt) found.set(index, doubt)
  }
  return found
}

function unreadIn({ offsets, doubts }: Seen, without: Without): number {
  const isUnread = (index: number): boolean => doubts.get(offsets[index] as number)?.kind !== 'duplicate'
  return [...without].filter(([index, { kind }]) => kind === 'duplicate' && isUnread(index)).length
}

/** The digest of the list, with what was lost at the head of the stretch. */
function asideOf({ first, lost }: Stretch, seen: Seen, without: Without): string | null {
  const lines: AsideLine[] = lost === 0 ? [] : [{ kind: 'lost', offset: first, last: first + lost - 1 }]
  for (const { offset, last, code, digest } of seen.bad) lines.push({ kind: 'quarantined', offset, last, code, digest })
  for (const [index, what] of without) {
    const offset = seen.offsets[index] as number
    lines.push(what.kind === 'duplicate' ? { kind: 'duplicate', offset, id: idAt(seen, index) } : { ...what, offset })
  }
  lines.sort((one, other) => one.offset - other.offset)
  const digest = new AsideDigest()
  for (const line of lines) digest.add(line)
  return digest.digest()
}

function rootWithout({ leaves, offsets }: Seen, without: Without): string | null {
  const tree = new WideTree()
  let from = 0
  for (const index of [...without.keys()].sort((one, other) => one - other)) {
    tree.append(leaves.subarray(from * leafBytes, index * leafBytes))
    from = index + 1
  }
  tree.append(leaves.subarray(from * leafBytes, offsets.length * leafBytes))
  return tree.root()?.toString('base64') ?? null
}
