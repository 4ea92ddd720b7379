import type { PooledSession } from '../../../postgres/index.ts'
import { leafOf, rowColumns } from '../../../proof/index.ts'
import { copyOut, type RowTaker } from '../../../trail/index.ts'
import type { Month } from '../month.ts'
import { MonthAccount, uuidOf } from './account.ts'
import type { GoneRow, StatedPlace, StatedRows } from './stated-rows.ts'

/** Rows of a month that came from one log of a partition. */
export interface DroppedRows extends StatedPlace {
  readonly rows: number
  readonly first: number
  readonly last: number
}

/** A leaf that stays, with where its row was; null for rows of the bus. */
export type KeptLeaf = GoneRow & { readonly place: StatedPlace | null }

/** What the entries of the proof say of the rows of a month. */
export interface MonthProof {
  readonly rows: number
  /** Sorted as entries are. */
  readonly dropped: readonly DroppedRows[]
  /** Rows that go while others of their entry stay, in the order of their digest. */
  readonly kept: readonly KeptLeaf[]
  /** Rows that are not those that were recorded, in words; they are evidence. */
  readonly faults: readonly string[]
}

const nameColumn = 3
const partitionColumn = 9
const offsetColumn = 10
const recordedColumn = 11

/**
 * Holds the rows of a month against the entries that account for them, in one scan.
 * @param client whose transaction keeps other sessions from writing into the month
 * @param began when the trail began to be proved: rows of before may have no entry
 * @param topicPrefix of the topics of such rows
 * @throws a database error
 */
export async function lookAtMonth(
  client: PooledSession,
  { from, to }: Month,
  began: Date,
  topicPrefix: string
): Promise<MonthProof> {
  const { rows } = await client.query<{ since: Date | null }>(
    'SELECT min(recorded_at) AS since FROM event_envelopes WHERE id >= $1 AND id < $2',
    [from, to]
  )
  const account = await MonthAccount.read(client, rows[0]?.since ?? new Date(0), [from, to])
  // The time of a row has microseconds, that of JavaScript has not.
  const look = new Look(account, (began.getTime() + 1 - Date.UTC(2000, 0, 1)) * 1_000, topicPrefix)
  const columns = [...rowColumns, 'recorded_at'].join(', ')
  await copyOut(client, `SELECT ${columns} FROM event_envelopes WHERE id >= '${from}' AND id < '${to}'`, look)
  return look.result()
}

class Look implements RowTaker {
  readonly #account: MonthAccount
  readonly #began: number
  readonly #prefix: string
  readonly #dropped = new Map<string, DroppedRows>()
  readonly #faults = new Map<string, number>()
  #rows = 0

  constructor(account: MonthAccount, began: number, prefix: string) {
    this.#account = account
    this.#began = began
    this.#prefix = prefix
  }

  take(bytes: Buffer, at: Int32Array): void {
    const [start, end] = [
      (at[0] as number) - 6,
      Math.max(at[2 * offsetColumn] as number, at[2 * offsetColumn + 1] as number)
    ]
    const column = (index: number) => bytes.subarray(at[2 * index], at[2 * index + 1])
    // The row is hashed without its last column, the time.
    bytes.writeInt16BE(rowColumns.length, start)
    const leaf = leafOf(bytes.subarray(start, end))
    const id = column(0)
    this.#rows += 1
    const recorded = Number(column(recordedColumn).readBigInt64BE())
    if ((at[2 * offsetColumn + 1] as number) < 0) {
      const stated = this.#account.ofBus(uuidOf(id))
      if (stated) stated.take(null, id, leaf)
      else this.#unaccounted('rows of the bus', recorded)
      return
    }
    const [eventName, partition] = [column(nameColumn).toString(), column(partitionColumn).readInt32BE()]
    const offset = column(offsetColumn).readBigInt64BE()
    const retried = this.#account.retried(uuidOf(id))
    if (retried) {
      this.#drop(retried.record, offset)
      if (retried.leaf !== leaf.toString('base64')) this.#fault(`${eventName}/${partition}: a row from quarantine`)
      return
    }
    const found = this.#account.ofKafka({ eventName, partition, offset, recorded })
    for (const stated of found) stated.take(offset, id, leaf)
    if (found.length === 0) this.#unaccounted(`${eventName}/${partition}`, recorded)
    this.#drop(found[0]?.place ?? { topic: this.#prefix + eventName, partition, incarnation: 1 }, offset)
  }

  async keepUp(): Promise<void> {}

  result(): MonthProof {
    for (const stated of this.#account.all)
      if (stated.isChanged) this.#fault(stated.place ? placeOf(stated) : 'rows of the bus')
    return {
      rows: this.#rows,
      dropped: [...this.#dropped.values()].sort(byPlace),
      kept: this.#account.all
        .flatMap(stated => stated.gone().map(row => ({ ...row, place: stated.place })))
        .sort(byLeaf),
      faults: [...this.#faults].map(([words, times]) => (times > 1 ? `${words} (${times} times)` : words))
    }
  }

  #drop({ topic, partition, ...place }: StatedPlace, offset: bigint): void {
    // As entries have it, the first is 1.
    const incarnation = Math.max(1, place.incarnation)
    const key = `${topic}/${partition}/${incarnation}`
    const at = Number(offset)
    const { rows, first, last } = this.#dropped.get(key) ?? { rows: 0, first: at, last: at }
    this.#dropped.set(key, {
      ...{ topic, partition, incarnation, rows: rows + 1 },
      ...{ first: Math.min(first, at), last: Math.max(last, at) }
    })
  }

  /** A row of before the proof may not have been adopted; a later one was added past the sinks. */
  #unaccounted(where: string, recorded: number): void {
    if (recorded >= this.#began) this.#fault(`${where}: a row that no entry accounts for`)
  }

  #fault(words: string): void {
    this.#faults.set(words, (this.#faults.get(words) ?? 0) + 1)
  }
}

const placeOf = ({ place, first, last }: StatedRows): string =>
  `${place?.topic}/${place?.partition}, offsets ${first}-${last}: not what was recorded`

const byBytes = (one: string, other: string): number => Buffer.from(one).compare(Buffer.from(other))

const byPlace = (one: StatedPlace, other: StatedPlace): number =>
  byBytes(one.topic, other.topic) || one.partition - other.partition || one.incarnation - other.incarnation

/** By topic, partition, incarnation and offset; then those of the bus, by their ids. */
function byLeaf(one: KeptLeaf, other: KeptLeaf): number {
  if (!one.place || !other.place)
    return Number(one.place === null) - Number(other.place === null) || one.id.compare(other.id)
  return byPlace(one.place, other.place) || Number((one.offset as bigint) - (other.offset as bigint))
}
