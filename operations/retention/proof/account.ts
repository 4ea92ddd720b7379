import type { Queries } from '../../../postgres/index.ts'
import { type Entry, type EntryOf, parseEntry, parseNote } from '../../../proof/index.ts'
import { StatedRows } from './stated-rows.ts'

/** A row that is looked for. */
export interface RowPlace {
  readonly eventName: string
  readonly partition: number
  readonly offset: bigint
  /** Microseconds since 2000. */
  readonly recorded: number
}

/** A record from quarantine that became a row. */
export type RetriedRow = EntryOf<'retry'>

/** What a group has read of a partition, in one of its logs; or what was adopted of it. */
interface Lane {
  readonly group: string
  readonly stretches: StatedRows[]
}

const pageSize = 500
const microsOf = (time: string): number =>
  (Date.parse(`${time.slice(0, 23)}Z`) - Date.UTC(2000, 0, 1)) * 1_000 + Number(time.slice(23, 26))

/** What entries account for, of rows that were recorded in a span of time. */
export class MonthAccount {
  readonly #lanes = new Map<string, Map<string, Lane>>()
  readonly #bus = new Map<string, StatedRows>()
  readonly #busRanges: { readonly first: string; readonly last: string; readonly rows: StatedRows }[] = []
  readonly #retried = new Map<string, RetriedRow>()
  readonly #aside = new Set<string>()
  readonly #all: StatedRows[] = []
  readonly #idBounds: readonly [from: string, to: string]

  private constructor(idBounds: readonly [from: string, to: string]) {
    this.#idBounds = idBounds
  }

  /**
   * Reads the entries that were written since the first row was recorded.
   * @param idBounds of the month: the lowest id of it, and of the next one
   * @throws a database error
   */
  static async read(
    client: Queries,
    since: Date,
    idBounds: readonly [from: string, to: string]
  ): Promise<MonthAccount> {
    const account = new MonthAccount(idBounds)
    for (let after = '0'; ; ) {
      const { rows } = await client.query<{ number: string; entry: string; open: boolean }>(
        `SELECT number, entry, open FROM proof_entries WHERE number > $1 AND touched_at >= $2 AND rejected IS NULL
           AND kind IN ('batch', 'bus', 'retry', 'adopted') ORDER BY number LIMIT ${pageSize}`,
        [after, since]
      )
      for (const { entry, open } of rows) account.#take(parseEntry(parseNote(entry).text), open)
      const last = rows.at(-1)
      if (!last || rows.length < pageSize) break
      after = last.number
    }
    for (const lanes of account.#lanes.values())
      for (const { stretches } of lanes.values()) stretches.sort((one, other) => Number(one.first - other.first))
    if (account.#isShared) await account.#readAside(client)
    return account
  }

  /** All that was read. */
  get all(): readonly StatedRows[] {
    return this.#all
  }

  retried(id: string): RetriedRow | undefined {
    return this.#retried.get(id)
  }

  /** What accounts for a row of the bus. @param id a UUID in lower case */
  ofBus(id: string): StatedRows | undefined {
    return this.#bus.get(id) ?? this.#busRanges.find(({ first, last }) => first <= id && id <= last)?.rows
  }

  /**
   * What accounts for a row from Kafka: that of the group that has it as a row, recorded at its time where there are
   * several.
   */
  ofKafka({ eventName, partition, offset, recorded }: RowPlace): readonly StatedRows[] {
    const found: StatedRows[] = []
    for (const { group, stretches } of this.#lanes.get(`${eventName}/${partition}`)?.values() ?? []) {
      const stretch = stretchAt(stretches, offset)
      if (stretch && !this.#aside.has(asideKey(group, stretch.place, offset))) found.push(stretch)
    }
    if (found.length < 2) return found
    const inTime = found.filter(each => each.recorded[0] <= recorded && recorded <= each.recorded[1])
    return inTime.length > 0 ? inTime : found
  }

  #take(entry: Entry, isOpen: boolean): void {
    switch (entry.kind) {
      case 'batch':
        this.#takeBatch(entry, isOpen)
        return
      case 'bus':
        this.#takeBus(entry, isOpen)
        return
      case 'retry':
        this.#retried.set(entry.event, entry)
        return
      case 'adopted':
        this.#takeAdopted(entry)
        return
      default:
    }
  }

  #takeBatch({ group, prefix, recorded, stretch }: EntryOf<'batch'>, isOpen: boolean): void {
    const span = [microsOf(recorded.first), microsOf(recorded.last)] as const
    for (const { topic, partition, incarnation, first, last, rows, root } of stretch) {
      if (root === null) continue
      const place = { topic, partition, incarnation }
      const stated = this.#add(new StatedRows({ place, first, last, recorded: span, rows, root, isOpen }))
      this.#laneOf(topic.slice(prefix.length), partition, group, incarnation).stretches.push(stated)
    }
  }

  #takeBus({ id, root, recorded }: EntryOf<'bus'>, isOpen: boolean): void {
    const span = [microsOf(recorded.first), microsOf(recorded.last)] as const
    const stated = this.#add(new StatedRows({ place: null, recorded: span, rows: id.length, root, isOpen }))
    const [from, to] = this.#idBounds
    for (const short of id) {
      const uuid = uuidOf(Buffer.from(short, 'base64url'))
      if (from <= uuid && uuid < to) this.#bus.set(uuid, stated)
    }
  }

  #takeAdopted({ group, prefix, block, bus }: EntryOf<'adopted'>): void {
    const recorded = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const
    for (const { event, partition, first, last, rows, root } of block) {
      // Rows of before the proof may be of several logs of the partition.
      const place = { topic: prefix + event, partition, incarnation: 0 }
      const stated = this.#add(new StatedRows({ place, first, last, recorded, rows, root, isOpen: false }))
      this.#laneOf(event, partition, group, 0).stretches.push(stated)
    }
    for (const { first, last, rows, root } of bus)
      this.#busRanges.push({
        ...{ first, last },
        rows: this.#add(new StatedRows({ place: null, recorded, rows, root, isOpen: false }))
      })
  }

  #add(stated: StatedRows): StatedRows {
    this.#all.push(stated)
    return stated
  }

  #laneOf(eventName: string, partition: number, group: string, incarnation: number): Lane {
    const place = `${eventName}/${partition}`
    const lanes = this.#lanes.get(place) ?? new Map<string, Lane>()
    this.#lanes.set(place, lanes)
    const key = `${incarnation} ${group}`
    const lane = lanes.get(key) ?? { group, stretches: [] }
    lanes.set(key, lane)
    return lane
  }

  /** Whether two groups, or two logs, have offsets of one partition. */
  get #isShared(): boolean {
    return [...this.#lanes.values()].some(lanes => lanes.size > 1)
  }

  async #readAside(client: Queries): Promise<void> {
    const { rows } = await client.query<Record<string, string>>(
      `SELECT consumer_group AS "group", topic, partition, incarnation, kafka_offset AS "offset" FROM sink_duplicates
       UNION ALL SELECT consumer_group, topic, partition, incarnation, kafka_offset FROM sink_quarantine`
    )
    for (const { group = '', topic = '', partition, incarnation, offset } of rows)
      this.#aside.add(`${group} ${topic} ${partition} ${incarnation} ${offset}`)
  }
}

const asideKey = (group: string, place: StatedRows['place'], offset: bigint): string =>
  `${group} ${place?.topic} ${place?.partition} ${place?.incarnation} ${offset}`

function stretchAt(stretches: readonly StatedRows[], offset: bigint): StatedRows | undefined {
  let [from, to] = [0, stretches.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((stretches[middle] as StatedRows).first <= offset) from = middle + 1
    else to = middle
  }
  const found = stretches[from - 1]
  return found && offset <= found.last ? found : undefined
}

/** A UUID as text. */
export function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
