import { canonicalJson, composeRow, leafLetters, ProofError, parseRow, rowColumns } from '../../../proof/index.ts'
import type { Findings } from '../findings.ts'
import { placeOfSource, type Source, timeOf } from '../source.ts'
import { type Account, letters } from './account.ts'
import { hexOf } from './bus.ts'
import type { Retry, Series } from './lane.ts'
import type { Stretch } from './stretch.ts'

/** A row that no statement has. */
export interface AddedRow {
  readonly eventName: string
  readonly partition: number | null
  readonly offset: number | null
  /** A UUID in 32 hexadecimal digits. */
  readonly id: string
  /** µs since 2000. */
  readonly recorded: number
}

/** A row that is read: where it is, and when the database says that it was stored. */
interface RowPlace {
  readonly series: Series | undefined
  readonly eventName: string
  readonly partition: number
  readonly offset: number
  readonly recorded: number
  readonly leaf: string
  readonly id: () => string
}

const [idColumn, eventColumn, payloadColumn] = [0, rowColumns.indexOf('event_name'), rowColumns.indexOf('payload')]
const [partitionColumn, offsetColumn] = [rowColumns.indexOf('kafka_partition'), rowColumns.indexOf('kafka_offset')]
/** Follows the columns that are hashed. */
const recordedColumn = rowColumns.length
/** Before the first column: the number of columns, and its length. */
const headBytes = 6
const lengthBytes = 4
/** Rows without a statement that are remembered. */
const mostAdded = 10_000
/** Bytes of leaves that are kept of stretches that differ: of more it is only said that they do. */
const mostHeldBytes = 64 * 1024 * 1024

export interface PlacerOptions {
  /** Hashes each payload in canonical JSON. Default false. */
  readonly normalise?: boolean
}

/** Takes the rows of the trail in any order, and puts the leaf of each to its place. */
export class RowPlacer {
  readonly #account: Account
  readonly #findings: Findings
  readonly #normalise: boolean
  readonly #added: AddedRow[] = []
  readonly #counts = { rows: 0, proved: 0, unsealed: 0, untrusted: 0, before: 0, added: 0, old: 0 }
  #held = 0
  // Rows of a partition lie together.
  #name = Buffer.alloc(0)
  #partition = -1
  #series: Series | undefined

  constructor(account: Account, findings: Findings, { normalise = false }: PlacerOptions = {}) {
    this.#account = account
    this.#findings = findings
    this.#normalise = normalise
  }

  /**
   * Rows that were read; those of sealed statements, of others that are not sealed yet or not trusted, from before the proof, of
   * none, and of statements that are not verified again.
   */
  get counts() {
    return { ...this.#counts }
  }

  /** The first ones of the rows that no statement has. */
  get added(): readonly AddedRow[] {
    return this.#added
  }

  /**
   * @param bytes with the row as binary COPY gives it: the columns of a proof, then `recorded_at`; they are changed
   * @param at where each column begins and ends, in turns; it ends at -1 where it is null
   */
  take(bytes: Buffer, at: Int32Array): void {
    this.#counts.rows += 1
    const start = column(at, idColumn) - headBytes
    bytes.writeInt16BE(rowColumns.length, start)
    const row = bytes.subarray(start, column(at, recordedColumn) - lengthBytes)
    const leaf = leafLetters(this.#normalise ? canonicalRow(row) : row)
    const recorded = int64(bytes, column(at, recordedColumn))
    const isNull = (index: number) => at[2 * index + 1] === -1
    if (isNull(partitionColumn) || isNull(offsetColumn)) {
      this.#takeBus(bytes, at, recorded, leaf)
      return
    }
    const partition = bytes.readInt32BE(column(at, partitionColumn))
    const offset = int64(bytes, column(at, offsetColumn))
    const [from, to] = [column(at, eventColumn), at[2 * eventColumn + 1] as number]
    if (partition !== this.#partition || !this.#isName(bytes, from, to))
      this.#turnTo(bytes.subarray(from, to), partition)
    const lane = this.#series?.single
    const stretch = lane?.find(offset)
    // Nearly every row.
    if (stretch && !stretch.aside?.has(offset) && this.#account.redactions.size === 0) {
      this.#counts[this.#put(stretch, offset, recorded, leaf)] += 1
      return
    }
    const id = () => idOf(bytes, at)
    const eventName = this.#name.toString()
    const counted = isBlank(bytes, at) ? this.#unredacted(leaf, id) : leaf
    this.#place({ series: this.#series, eventName, partition, offset, recorded, leaf: counted, id })
  }

  #isName(bytes: Buffer, from: number, to: number): boolean {
    if (to - from !== this.#name.length) return false
    for (let index = 0; index < this.#name.length; index += 1)
      if (bytes[from + index] !== this.#name[index]) return false
    return true
  }

  #turnTo(name: Buffer, partition: number): void {
    this.#name = Buffer.from(name)
    this.#partition = partition
    this.#series = this.#account.series(this.#name.toString(), partition)
  }

  /** A row whose payload was taken away counts as what it was: a signed entry says so. */
  #unredacted(leaf: string, id: () => string): string {
    const redaction = this.#account.redactions.get(id())
    return redaction?.source.isTrusted ? redaction.leaf : leaf
  }

  #place(row: RowPlace): void {
    const { series, offset, recorded, leaf } = row
    const retries = series?.retriesAt(offset) ?? []
    const retry = retries.length > 0 ? retries.find(({ event }) => hexOf(event) === row.id()) : undefined
    if (retry) {
      this.#takeRetry(retry, row)
      return
    }
    const found = this.#candidates(row)
    if (found.length > 0) {
      const counted = found.map(stretch => this.#put(stretch, offset, recorded, leaf))
      // A row that was read again is in several statements, and one row.
      this.#counts[strongest.find(each => counted.includes(each)) ?? 'added'] += 1
      return
    }
    const [other] = retries.filter(({ seen }) => !seen)
    if (other) this.#takeRetry(other, row)
    else if (
      recorded < this.#account.began &&
      // All that were there of it then were adopted: what is there besides only says that it is older.
      !series?.isAdopted &&
      !series?.lanes.some(lane => (lane.stretches.first ?? 0) <= offset)
    )
      this.#counts.before += 1
    else this.#add(row.eventName, row.partition, offset, row.id(), recorded)
  }

  /** The stretch that a row is of: one for each time that the database was restored, since both statements hold. */
  #candidates({ series, offset, recorded }: RowPlace): Stretch[] {
    const epochs = new Map<number, Stretch[]>()
    for (const lane of series?.lanes ?? []) {
      const stretch = lane.find(offset)
      // An offset that is in the list of a group is a row of another one.
      if (!stretch || stretch.aside?.has(offset)) continue
      epochs.set(lane.place.epoch, [...(epochs.get(lane.place.epoch) ?? []), stretch])
    }
    return [...epochs.values()].map(all => {
      // Several incarnations have the offset: the time says in which the row is.
      const inTime = all.filter(stretch => isInTime(stretch, recorded))
      const likely = inTime.length > 0 ? inTime : all
      return likely.find(stretch => !stretch.isTaken(offset)) ?? (likely[0] as Stretch)
    })
  }

  /** @returns what the row counts as */
  #put(stretch: Stretch, offset: number, recorded: number, leaf: string): Counted {
    const { source } = stretch
    if (source.isOld) return 'old'
    const was = stretch.state
    const came = stretch.put(offset, leaf)
    if (came === 'placed') {
      if (!isInTime(stretch, recorded) && !this.#mayBeLater(source, recorded)) {
        stretch.outside ??= { count: 0, offset }
        stretch.outside.count += 1
      }
      if (was === 'open' && stretch.state === 'differs') this.#hold(stretch)
      return countedAs(source)
    }
    const place = { ...stretch.where, first: offset, last: offset }
    if (came === 'twice') this.#findings.report('ROW_TWICE', place, 'the offset has two rows')
    else this.#findings.report('ROW_ADDED', place, 'the statement has no row at this offset')
    return 'added'
  }

  /** A database that was restored stores again what it had lost. */
  #mayBeLater({ index, recorded: { last } }: Source, recorded: number): boolean {
    return recorded > last && this.#account.restored.some(each => each.index > index)
  }

  #hold(stretch: Stretch): void {
    this.#held += stretch.bytes
    if (this.#held <= mostHeldBytes) return
    this.#held -= stretch.bytes
    stretch.letGo()
  }

  #takeRetry(retry: Retry, { id, leaf, recorded }: RowPlace): void {
    const { source, offset, lane } = retry
    const { topic, partition, incarnation } = lane
    const place = { topic, partition, incarnation, first: offset, ...placeOfSource(source) }
    if (retry.seen) this.#findings.report('ROW_TWICE', place, 'the record of quarantine has two rows')
    retry.seen = true
    this.#counts[countedAs(source)] += 1
    if (hexOf(retry.event) !== id() || letters(retry.leaf) !== leaf)
      this.#findings.report('ROWS_CHANGED', place, 'the row is not what was stored from quarantine')
    else if (recorded !== source.recorded.first && !this.#mayBeLater(source, recorded))
      this.#findings.report('RECORDED_AT_OUTSIDE', place, `the row was stored at ${timeOf(source.recorded.first)}`)
  }

  #takeBus(bytes: Buffer, at: Int32Array, recorded: number, leaf: string): void {
    const id = idOf(bytes, at)
    const group = this.#account.bus.of(id)
    if (!group) {
      if (recorded < this.#account.began && !this.#account.bus.isAdopted) this.#counts.before += 1
      else this.#add(bytes.toString('utf8', column(at, eventColumn), at[2 * eventColumn + 1]), null, null, id, recorded)
      return
    }
    if (group.source.isOld) {
      this.#counts.old += 1
      return
    }
    if (group.leaves.has(id)) this.#findings.report('ROW_TWICE', { ...group.where, event: id }, 'the id has two rows')
    group.leaves.set(id, isBlank(bytes, at) ? this.#unredacted(leaf, () => id) : leaf)
    this.#counts[countedAs(group.source)] += 1
    if (!isWithin(group.source, recorded) && !this.#mayBeLater(group.source, recorded)) group.outside += 1
  }

  #add(eventName: string, partition: number | null, offset: number | null, id: string, recorded: number): void {
    this.#counts.added += 1
    if (this.#added.length < mostAdded) this.#added.push({ eventName, partition, offset, id, recorded })
  }
}

/** What a row of several statements counts as: the first of these that one of them gives it. */
const strongest = ['proved', 'unsealed', 'untrusted', 'old', 'added'] as const
type Counted = (typeof strongest)[number]

const countedAs = ({ isTrusted, unsealed }: Source): Counted =>
  !isTrusted ? 'untrusted' : unsealed === undefined ? 'proved' : 'unsealed'

/** The row with its payload in canonical JSON; one that has no such form stays as it is. */
function canonicalRow(bytes: Buffer): Buffer {
  try {
    const { row } = parseRow(bytes)
    return composeRow({ ...row, payload: canonicalJson(row.payload) })
  } catch (error) {
    if (error instanceof ProofError) return bytes
    throw error
  }
}

const column = (at: Int32Array, index: number): number => at[2 * index] as number
/** Below 2^53, as offsets and times are. */
const int64 = (bytes: Buffer, at: number): number => bytes.readInt32BE(at) * 4_294_967_296 + bytes.readUInt32BE(at + 4)
/** Whether a payload is `{}`, after the version of jsonb. */
const isBlank = (bytes: Buffer, at: Int32Array): boolean => {
  const from = column(at, payloadColumn)
  return at[2 * payloadColumn + 1] === from + 3 && bytes[from + 1] === 0x7b && bytes[from + 2] === 0x7d
}
const idOf = (bytes: Buffer, at: Int32Array): string => bytes.toString('hex', column(at, idColumn), at[1])

/** Rows that were adopted are older than their entry. */
const isWithin = ({ kind, recorded: { first, last } }: Source, recorded: number): boolean =>
  (kind === 'adopted' || first <= recorded) && recorded <= last

const isInTime = ({ source }: Stretch, recorded: number): boolean => isWithin(source, recorded)
