/** What is reported of a number that was measured several times. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Median, least and most; undefined of nothing. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.filter(Number.isFinite).sort((one, other) => one - other)
  const [min] = sorted
  const max = sorted.at(-1)
  if (min === undefined || max === undefined) return undefined
  return { median: percentile(sorted, 0.5), min, max }
}

/**
 * The value below which the given share of the values is, interpolated between neighbours.
 * @param sorted ascending, at least one.
 * @param share from 0 to 1.
 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share
  const low = Math.floor(place)
  const one = sorted[low] ?? Number.NaN
  const other = sorted[Math.ceil(place)] ?? Number.NaN
  return one + (other - one) * (place - low)
}
