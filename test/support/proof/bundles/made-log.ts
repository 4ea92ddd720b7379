import { createHash } from 'node:crypto'
import {
  AsideDigest,
  type AsideLine,
  composeEntry,
  composeRow,
  type Entry,
  type EntryKind,
  grammar,
  leafOf,
  type ProofRow,
  rowForm,
  signNote,
  WideTree
} from '../../../../proof/index.ts'
import { testOrigin, testParties } from '../parties.ts'
import { vectorRow } from '../rows.ts'
import { type Bundle, checkpointOf } from './bundle.ts'

/** A stretch of a partition, with a row for each offset that is neither listed nor skipped. */
export interface MadeStretch {
  /** Default `sink`. */
  readonly group?: string
  readonly partition?: number
  readonly incarnation?: number
  readonly first: number
  readonly last: number
  readonly aside?: readonly AsideLine[]
  readonly skipped?: readonly number[]
  /** The id of the row at an offset. Default: one of the partition, the incarnation and the offset. */
  readonly id?: (offset: number) => string
}

export const madeUuid = (number: number): string => `0199d6a0-0000-7000-8000-${String(number).padStart(12, '0')}`
/** Seconds after the log began. */
export const madeTime = (seconds: number): string =>
  new Date((1_790_000_000 + seconds) * 1000).toISOString().replace('Z', '000Z')

const topic = 'badge.awarded'
const rootOf = (rows: readonly ProofRow[]): string => {
  const tree = new WideTree()
  tree.append(Buffer.concat(rows.map(row => leafOf(composeRow(row)))))
  return tree.root()?.toString('base64') as string
}

/** A log in memory that a test adds to: each step is a second later than the one before. */
export class MadeLog {
  readonly bundle: Bundle = {
    rows: [],
    entries: [],
    lists: {},
    unsealed: [],
    checkpoint: entries => checkpointOf(entries)
  }
  readonly #chains = new Map<string, { seq: number; previous: string | null }>()
  #seconds = 0

  constructor() {
    const add = (['sink', 'bus', 'operator'] as const)
      .map(role => ({ key: testParties[role].vkey, role }))
      .sort((one, other) => (one.key < other.key ? -1 : 1))
    this.say('key', { add, revoke: [] })
  }

  /** Adds a signed entry of this kind. @param words what it says besides its head and its moment */
  say(kind: EntryKind, words: object): void {
    this.#seconds += 1
    const { role } = grammar[kind]
    const { seq, previous } = this.#chains.get(role) ?? { seq: 0, previous: null }
    const now = madeTime(this.#seconds)
    const moment =
      kind === 'batch' || kind === 'bus'
        ? { recorded: { first: now, last: now }, clock: { first: now, last: now } }
        : { recorded: now, clock: now }
    const writer = madeUuid(900 + ['root', 'sink', 'bus', 'operator'].indexOf(role))
    const head = { origin: testOrigin, writer, seq, previous }
    const note = signNote(composeEntry({ kind, ...head, ...moment, ...words } as unknown as Entry), testParties[role])
    this.#chains.set(role, { seq: seq + 1, previous: createHash('sha256').update(note).digest('base64') })
    this.bundle.entries.push(note)
  }

  /** Stores stretches in an entry, with their rows and lists. @returns the rows */
  store(...given: readonly MadeStretch[]): readonly ProofRow[] {
    const rows = given.map(each => this.#rowsOf(each))
    const stretch = given.map((each, index) => this.#line(each, rows[index] ?? []))
    this.say('batch', { group: given[0]?.group ?? 'sink', prefix: '', form: rowForm, stretch })
    this.#record(...rows.flat())
    return rows.flat()
  }

  /** Stores rows of the bus by the numbers of their ids. */
  storeByBus(...ids: readonly string[]): void {
    const rows = ids.map(id => ({ ...vectorRow, id, partition: null, offset: null }))
    const id = ids.map(each => Buffer.from(each.replaceAll('-', ''), 'hex').toString('base64url')).sort()
    this.say('bus', { form: rowForm, root: rootOf(rows), id })
    this.#record(...rows)
  }

  /** Sets what has become of the record in quarantine at an offset. */
  resolve(offset: number, status: string): void {
    const record = this.bundle.lists.quarantine?.find(each => 'offset' in each && each.offset === offset)
    Object.assign(record ?? {}, { status })
  }

  /** Takes rows out of the trail. */
  remove(...rows: readonly ProofRow[]): void {
    this.bundle.rows = this.bundle.rows.filter(({ row }) => !rows.includes(row))
  }

  #record(...rows: readonly ProofRow[]): void {
    this.bundle.rows.push(...rows.map(row => ({ row, recorded: madeTime(this.#seconds) })))
  }

  #rowsOf({ partition = 0, incarnation = 1, first, last, aside = [], skipped = [], id }: MadeStretch): ProofRow[] {
    const isRow = (offset: number): boolean =>
      !skipped.includes(offset) &&
      !aside.some(
        line => line.offset <= offset && offset <= ('last' in line ? (line.last ?? line.offset) : line.offset)
      )
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
      .filter(isRow)
      .map(offset => ({
        ...vectorRow,
        id: id?.(offset) ?? madeUuid(10_000 * incarnation + 1_000 * partition + offset),
        partition,
        offset: BigInt(offset)
      }))
  }

  #line({ group = 'sink', partition = 0, incarnation = 1, ...given }: MadeStretch, rows: readonly ProofRow[]) {
    const { first, last, aside = [], skipped = [] } = given
    const digest = new AsideDigest()
    const counts = { duplicates: 0, quarantined: 0, lost: 0 }
    for (const line of aside) {
      digest.add(line)
      const to = 'last' in line ? (line.last ?? line.offset) : line.offset
      counts[line.kind === 'duplicate' ? 'duplicates' : line.kind] += to - line.offset + 1
      this.#list({ group, topic, partition, incarnation }, line, to)
    }
    return {
      ...{ topic, partition, incarnation, first, last, rows: rows.length, ...counts, skipped: skipped.length },
      root: rows.length > 0 ? rootOf(rows) : null,
      aside: digest.digest()
    }
  }

  #list(place: object, line: AsideLine, last: number): void {
    const { lists } = this.bundle
    const add = (name: string, words: object): void => {
      lists[name] = [...(lists[name] ?? []), { ...place, ...words }]
    }
    if (line.kind === 'duplicate') add('duplicates', { offset: line.offset, event_id: line.id })
    else if (line.kind === 'lost') add('gaps', { first: line.offset, last })
    else
      add('quarantine', {
        offset: line.offset,
        last,
        code: line.code,
        digest: line.digest.toString('hex'),
        status: 'held'
      })
  }
}
