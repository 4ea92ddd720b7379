import { createHash } from 'node:crypto'
import {
  AsideDigest,
  type AsideLine,
  checkNote,
  type EntryOf,
  parseEntry,
  parseNote,
  type Signer,
  WideTree
} from '../../../../proof/index.ts'

interface Place {
  readonly topic: string
  readonly partition: number
  readonly incarnation: number
}

/** A row of the trail. */
export interface ProvedRow extends Omit<Place, 'incarnation'> {
  /** Where it is known: a row does not have it. */
  readonly incarnation?: number
  readonly offset: number
  readonly leaf: Buffer
  /** As entries have it. */
  readonly recorded: string
}

/** What is committed of the statements of sinks, and what they are about. */
export interface StretchFacts {
  readonly entries: readonly { readonly writer: string; readonly seq: number; readonly entry: string }[]
  readonly rows: readonly ProvedRow[]
  readonly asides: readonly (Place & { readonly line: AsideLine })[]
  /** The offsets that the ledger covers. */
  readonly booked: readonly (Place & { readonly first: number; readonly last: number })[]
}

type Stretch = EntryOf<'batch'>['stretch'][number] & Pick<EntryOf<'batch'>, 'recorded'>

/**
 * Holds the statements of sinks against the rows and lists. Pure. @returns every violation, in words that begin with
 * "proof:". Every row is in exactly one stretch with its leaf, stretches meet and cover what the ledger does, what they
 * say of other offsets agrees with the lists, and the entries of a writer follow each other.
 */
export function stretchFaults({ entries, rows, asides, booked }: StretchFacts, signer: Signer): string[] {
  const { said, found } = readEntries(entries, signer)
  const stretches = said.flatMap(({ stretch, recorded }) => stretch.map(each => ({ ...each, recorded })))
  const byPlace = Map.groupBy(stretches, placeOf)
  const rowsAt = Map.groupBy(rows, ({ topic, partition, offset }) => `${topic}/${partition}@${offset}`)
  const asidesAt = Map.groupBy(asides, each => `${placeOf(each)}@${each.line.offset}`)
  const counts = new Map(rows.map(row => [row, 0]))
  for (const [place, parts] of Map.groupBy(booked, placeOf)) {
    const [first, last] = [Math.min(...parts.map(each => each.first)), Math.max(...parts.map(each => each.last))]
    let next = first
    for (const stretch of (byPlace.get(place) ?? []).toSorted((a, b) => a.first - b.first)) {
      const where = `${place}@${stretch.first} to ${stretch.last}`
      if (stretch.first !== next) found.push(`${where}: does not follow ${next - 1}`)
      next = stretch.last + 1
      const offsets = Array.from({ length: stretch.last - stretch.first + 1 }, (_, index) => stretch.first + index)
      const its = offsets.flatMap(offset =>
        (rowsAt.get(`${stretch.topic}/${stretch.partition}@${offset}`) ?? []).filter(row => isOf(stretch, row))
      )
      for (const row of its) counts.set(row, (counts.get(row) ?? 0) + 1)
      const lines = offsets.flatMap(offset => (asidesAt.get(`${place}@${offset}`) ?? []).map(({ line }) => line))
      found.push(...faultsOf(stretch, its, lines).map(what => `${where}: ${what}`))
    }
    if (next !== last + 1) found.push(`${place}: statements end at ${next - 1}, the ledger at ${last}`)
    byPlace.delete(place)
  }
  for (const place of byPlace.keys()) found.push(`${place}: has a statement and no ledger`)
  for (const [{ topic, partition, offset }, count] of counts)
    if (count !== 1) found.push(`${topic}/${partition}@${offset}: is in ${count} stretches`)
  return found.map(what => `proof: ${what}`)
}

function readEntries(entries: StretchFacts['entries'], signer: Signer): { said: EntryOf<'batch'>[]; found: string[] } {
  const found: string[] = []
  const said = entries.flatMap(({ writer, seq, entry }) => {
    try {
      const note = parseNote(entry)
      checkNote(note, [signer])
      const read = parseEntry(note.text) as EntryOf<'batch'>
      if (read.writer !== writer || read.seq !== seq) found.push(`${writer} ${seq}: has another head`)
      return [read]
    } catch (error) {
      found.push(`${writer} ${seq}: ${(error as Error).message}`)
      return []
    }
  })
  const digests = new Map(
    entries.map(({ writer, seq, entry }) => [`${writer} ${seq}`, createHash('sha256').update(entry).digest('base64')])
  )
  for (const { writer, seq, previous } of said)
    if (seq > 0 && previous !== digests.get(`${writer} ${seq - 1}`))
      found.push(`${writer} ${seq}: does not follow the entry before`)
  return { said, found }
}

/** Whether a row at an offset of a stretch is its row: offsets of another incarnation were recorded at another time. */
const isOf = ({ incarnation, recorded }: Stretch, row: ProvedRow): boolean =>
  row.recorded >= recorded.first &&
  row.recorded <= recorded.last &&
  (row.incarnation === undefined || row.incarnation === incarnation)

function faultsOf(stretch: Stretch, rows: readonly ProvedRow[], asides: readonly AsideLine[]): string[] {
  const found: string[] = []
  const tree = new WideTree()
  for (const { leaf } of rows) tree.append(leaf)
  if (stretch.rows !== rows.length) found.push(`says ${stretch.rows} rows of ${rows.length}`)
  if (stretch.root !== (tree.root()?.toString('base64') ?? null)) found.push('has another root than its rows')
  const digest = new AsideDigest()
  for (const line of asides) digest.add(line)
  if (stretch.aside !== digest.digest()) found.push('says something else of offsets that are no rows than the lists')
  return found
}

const placeOf = ({ topic, partition, incarnation }: Place) => `${topic}/${partition}#${incarnation}`
