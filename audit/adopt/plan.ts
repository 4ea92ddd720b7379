import type { Queries } from '../../postgres/index.ts'
import { type EntryOf, parseEntry, parseNote } from '../../proof/index.ts'

/** Offsets of a block at most. Blocks are of a grid, so that what is adopted is found again. */
export const blockOffsets = 10_000

/** Rows of before the proof whose offsets are in one place of the grid. */
export interface PlannedBlock {
  readonly eventName: string
  readonly partition: number
  /** From 0: the first offset it may have, divided by {@link blockOffsets}. */
  readonly place: number
  readonly rows: number
}

/** What is not adopted yet. */
export interface AdoptionPlan {
  /** In the order of entries: by event name, partition, offsets. */
  readonly blocks: readonly PlannedBlock[]
  /** Rows of the bus, which are adopted in the order of their ids. */
  readonly busRows: number
  /** The last id of the bus that is adopted; undefined where there is none. */
  readonly busAfter: string | undefined
}

/** SQL: whether a row is of before the proof. No row of later was recorded earlier: `proof init` waits for all writers. */
export const ofBefore = 'recorded_at < (SELECT began_at FROM proof_settings)'

/** Names a block among all. */
export const blockKey = (eventName: string, partition: number, place: number): string =>
  `${eventName}/${partition}/${place}`

/** Counts what is not adopted yet. Reads all rows once. @throws a database error */
export async function planAdoption(queries: Queries): Promise<AdoptionPlan> {
  const { done, busAfter } = await adopted(queries)
  const { rows } = await queries.query<Record<'event' | 'partition' | 'place' | 'rows', string>>(
    `SELECT event_name AS event, kafka_partition AS partition, kafka_offset / ${blockOffsets} AS place, count(*) AS rows
     FROM event_envelopes WHERE kafka_offset IS NOT NULL AND ${ofBefore}
     GROUP BY 1, 2, 3 ORDER BY event_name COLLATE "C", 2, 3`
  )
  const blocks = rows
    .map(each => ({
      ...{ eventName: each.event, partition: Number(each.partition) },
      ...{ place: Number(each.place), rows: Number(each.rows) }
    }))
    .filter(({ eventName, partition, place }) => !done.has(blockKey(eventName, partition, place)))
  const bus = await queries.query<{ rows: string }>(
    `SELECT count(*) AS rows FROM event_envelopes
     WHERE kafka_offset IS NULL AND ${ofBefore} AND ($1::uuid IS NULL OR id > $1)`,
    [busAfter ?? null]
  )
  return { blocks, busRows: Number(bus.rows[0]?.rows), busAfter }
}

/** What entries have adopted. */
async function adopted(
  queries: Queries
): Promise<{ readonly done: ReadonlySet<string>; readonly busAfter: string | undefined }> {
  const { rows } = await queries.query<{ entry: string }>(
    "SELECT entry FROM proof_entries WHERE kind = 'adopted' AND rejected IS NULL ORDER BY number"
  )
  const entries = rows.map(({ entry }) => parseEntry(parseNote(entry).text) as EntryOf<'adopted'>)
  const done = entries.flatMap(({ block }) =>
    block.map(({ event, partition, first }) => blockKey(event, partition, Math.floor(first / blockOffsets)))
  )
  const lasts = entries.flatMap(({ bus }) => bus.map(({ last }) => last)).sort()
  return { done: new Set(done), busAfter: lasts.at(-1) }
}
