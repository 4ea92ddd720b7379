/**
 * The double that prints as the shortest decimal which reads back as the same float32: 87.3 instead of
 * 87.30000305175781. Any other value (not a float32, NaN, ±Infinity) is first rounded to float32.
 */
export function shortestFloat(value: number): number {
  const single = Math.fround(value)
  if (!Number.isFinite(single)) return single
  const size = Math.abs(single)
  if (size < 16_777_216 && single === Math.trunc(single)) return single
  // Scaling is exact enough here and several times faster than going through text.
  if (size >= 0.001 && size < 1_000_000) {
    for (let scale = 10; scale <= 1e9; scale *= 10) {
      const decimal = Math.round(single * scale) / scale
      if (Math.fround(decimal) === single) return decimal
    }
  }
  for (let digits = 1; digits < 9; digits += 1) {
    const decimal = Number(single.toPrecision(digits))
    if (Math.fround(decimal) === single) return decimal
  }
  return Number(single.toPrecision(9))
}
