/** The longest that an endpoint may ask to be left alone, ms. */
export const mostRetryAfterMs = 24 * 3_600_000

/**
 * The header `Retry-After` in ms: seconds, or a date (RFC 9110, 10.2.3). One that cannot be read is none.
 * @param now ms since 1970
 */
export function retryAfterOf(header: string | undefined, now: number): number | undefined {
  const text = header?.trim()
  if (!text) return undefined
  // Date.parse takes much for a date, `-3` for instance.
  const ms = /^\d{1,9}$/.test(text)
    ? Number(text) * 1_000
    : /^[a-z]{3}/i.test(text)
      ? Date.parse(text) - now
      : Number.NaN
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), mostRetryAfterMs)
}
