/** Why a record that can be an event may have become no row. */
export type Doubt =
  /** Its id was read before, with the same content. */
  | { readonly kind: 'duplicate' }
  /** Its id was read before with another content, or Postgres refuses what it holds. */
  | { readonly kind: 'quarantined'; readonly code: string; readonly digest: Buffer }

/** A record, or all offsets of a batch, that cannot be an event. */
export interface SeenBad {
  readonly offset: number
  readonly last: number
  readonly code: string
  /** That of the quarantine. */
  readonly digest: Buffer
  /** ms since 1970, as Kafka has it. */
  readonly time: number
}

/** What was read of successive offsets, as columns in the order of the offsets: about 64 bytes a record. */
export interface Seen {
  readonly first: number
  readonly last: number
  /** Of the records that can be events. */
  readonly offsets: Float64Array
  /** ms since 1970, as Kafka has them. */
  readonly times: Float64Array
  /** 32 bytes each. */
  readonly leaves: Buffer
  /** 16 bytes each. */
  readonly ids: Buffer
  /** By offset. */
  readonly doubts: ReadonlyMap<number, Doubt>
  readonly bad: readonly SeenBad[]
}

export const leafBytes = 32
export const idBytes = 16

/** How many records, those of bad batches counted by their offsets. */
export const recordsIn = ({ offsets, bad }: Seen): number =>
  offsets.length + bad.reduce((sum, { offset, last }) => sum + last - offset + 1, 0)

/** What is within these offsets. Nothing is copied. */
export function sliceOf(seen: Seen, first: number, last: number): Seen {
  const from = placeOf(seen.offsets, first)
  const to = placeOf(seen.offsets, last + 1)
  return {
    first: Math.max(first, seen.first),
    last: Math.min(last, seen.last),
    offsets: seen.offsets.subarray(from, to),
    times: seen.times.subarray(from, to),
    leaves: seen.leaves.subarray(from * leafBytes, to * leafBytes),
    ids: seen.ids.subarray(from * idBytes, to * idBytes),
    doubts: seen.doubts,
    bad: seen.bad.filter(({ offset }) => first <= offset && offset <= last)
  }
}

/** Parts that follow each other, as one. */
export function joinSeen(parts: readonly Seen[], first: number, last: number): Seen {
  const [only] = parts
  if (parts.length === 1 && only) return only
  return {
    first,
    last,
    offsets: joinNumbers(parts.map(({ offsets }) => offsets)),
    times: joinNumbers(parts.map(({ times }) => times)),
    leaves: Buffer.concat(parts.map(({ leaves }) => leaves)),
    ids: Buffer.concat(parts.map(({ ids }) => ids)),
    doubts: new Map(parts.flatMap(({ doubts }) => [...doubts])),
    bad: parts.flatMap(({ bad }) => bad)
  }
}

/** The first and the last offset of records whose time fits, and how many there are; undefined of none. */
export function rangeOf(
  seen: Seen,
  fits: (time: number) => boolean
): { readonly first: number; readonly last: number; readonly count: number } | undefined {
  let [first, last, count] = [Number.POSITIVE_INFINITY, -1, 0]
  const add = (from: number, to: number): void => {
    first = Math.min(first, from)
    last = Math.max(last, to)
    count += to - from + 1
  }
  for (let index = 0; index < seen.offsets.length; index += 1) {
    const offset = seen.offsets[index] as number
    if (fits(seen.times[index] as number)) add(offset, offset)
  }
  for (const each of seen.bad) if (fits(each.time)) add(each.offset, each.last)
  return count === 0 ? undefined : { first, last, count }
}

/** The id of a record, in lower case with dashes. */
export function idAt({ ids }: Seen, index: number): string {
  const hex = ids.toString('hex', index * idBytes, (index + 1) * idBytes)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function joinNumbers(parts: readonly Float64Array[]): Float64Array {
  const joined = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** The place of the first offset that is not below this one. */
function placeOf(offsets: Float64Array, offset: number): number {
  let [low, high] = [0, offsets.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((offsets[middle] as number) < offset) low = middle + 1
    else high = middle
  }
  return low
}
