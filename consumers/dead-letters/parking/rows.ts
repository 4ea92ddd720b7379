import { isObject } from '../../../core/index.ts'

/**
 * Who wrote a row, and when: `[era, generation, number]`. Of two rows the one with the higher version counts, wherever the
 * log has it. `generation`: of the group, in which the writer had the partition. `number`: of the write, in one process.
 * `era` grows where the generations start from 1 again, because the group was deleted.
 */
export type RowVersion = readonly [era: number, generation: number, number: number]

/** What a row says, without its version. */
export type Unversioned<Row> = Omit<Row, 'version'>

/** An aggregate that is parked: written by the member that reads its partition, and by no other. */
export interface ParkedRow {
  readonly version: RowVersion
  /** Of this time of being parked: what was redriven before does not end a later one. */
  readonly id: string
  readonly topic: string
  readonly partition: number
  /** Base64. */
  readonly key: string
  /** As RFC 3339 has it in UTC. */
  readonly since: string
  /** Offset of the last message that was parked. */
  readonly lastOffset: number
  /** When everything was handled, in ms since 1970: it is not parked any more. */
  readonly released?: number
}

/** What came of redriving a parked aggregate: written by the member that reads its partition of the redrive topic. */
export interface RedriveRow {
  readonly version: RowVersion
  /** `id` of the {@link ParkedRow}. */
  readonly parked: string
  /** All letters up to this offset, and with it, were handled. */
  readonly through?: number
  /** A letter failed again: the later ones of its action go back to the dead letters, up to the end of its round. */
  readonly broken?: {
    readonly action: string
    /** Offset in the redrive topic of the letter that failed. */
    readonly from: number
    /** Offset there of the end marker of that round; it may be delivered again. */
    readonly end?: number
  }
}

/** A message of the redrive topic. */
export interface RedrivenPlace {
  readonly action: string
  /** In the redrive topic. */
  readonly offset: number
}

/** A message of the aggregate is parked, be it the first or a later one. */
export const parkedWith = (
  row: ParkedRow | undefined,
  offset: number,
  fresh: Omit<Unversioned<ParkedRow>, 'lastOffset'>
): Unversioned<ParkedRow> =>
  row ? { ...row, lastOffset: Math.max(row.lastOffset, offset) } : { ...fresh, lastOffset: offset }

/** Whether everything that was parked has been handled. */
export const isDrained = (row: ParkedRow, redrive: RedriveRow | undefined): boolean =>
  redrive?.parked === row.id && redrive.through !== undefined && redrive.through >= row.lastOffset

/** Whether a redriven letter must go back, because an earlier one of its round has failed. */
export function goesBack(row: ParkedRow, redrive: RedriveRow | undefined, { action, offset }: RedrivenPlace): boolean {
  if (redrive?.parked !== row.id || redrive.broken?.action !== action) return false
  const { from, end = Number.POSITIVE_INFINITY } = redrive.broken
  return offset >= from && offset < end
}

/** A redriven letter has failed. */
export const brokenAt = (
  row: ParkedRow,
  redrive: RedriveRow | undefined,
  at: RedrivenPlace
): Unversioned<RedriveRow> => ({
  ...ofThisTime(row, redrive),
  broken: { action: at.action, from: at.offset }
})

/**
 * The end of a round was reached: everything before it is handled, or went back.
 * @param through offset of the last letter of the round, where it was first
 */
export function endedAt(
  row: ParkedRow,
  redrive: RedriveRow | undefined,
  at: RedrivenPlace,
  through: number
): Unversioned<RedriveRow> {
  const before = ofThisTime(row, redrive)
  const { broken } = before
  const isOfBrokenRound =
    broken?.action === at.action && at.offset >= broken.from && (broken.end === undefined || broken.end === at.offset)
  if (isOfBrokenRound) return { ...before, broken: { ...broken, end: at.offset } }
  return { ...before, through: Math.max(before.through ?? -1, through) }
}

const ofThisTime = (row: ParkedRow, redrive: RedriveRow | undefined): Unversioned<RedriveRow> =>
  redrive?.parked === row.id ? redrive : { parked: row.id }

/** Names of the rows of an aggregate in the table. */
export const rowKeys = (topic: string, key: Buffer) => {
  const name = `${topic}/${key.toString('base64url')}`
  return { parked: `parked/${name}`, redrive: `redrive/${name}` }
}

export const encodeRow = (row: ParkedRow | RedriveRow): Buffer => Buffer.from(JSON.stringify(row))

/** Undefined where nothing is parked, or it is no row that this version can read. */
export function parkedRow(value: Buffer | undefined): ParkedRow | undefined {
  const row = anyParkedRow(value)
  return row?.released === undefined ? row : undefined
}

/** The same, also of an aggregate that was released. */
export function anyParkedRow(value: Buffer | undefined): ParkedRow | undefined {
  const row = parsed(value)
  if (!row || typeof row.id !== 'string' || typeof row.topic !== 'string' || typeof row.key !== 'string')
    return undefined
  if (!Number.isSafeInteger(row.partition) || !Number.isSafeInteger(row.lastOffset)) return undefined
  return row as unknown as ParkedRow
}

/** Undefined where it is none that this version can read. */
export function redriveRow(value: Buffer | undefined): RedriveRow | undefined {
  const row = parsed(value)
  return typeof row?.parked === 'string' ? (row as unknown as RedriveRow) : undefined
}

function parsed(value: Buffer | undefined): Readonly<Record<string, unknown>> | undefined {
  if (!value) return undefined
  try {
    const row: unknown = JSON.parse(value.toString())
    return isObject(row) ? row : undefined
  } catch {
    return undefined
  }
}
