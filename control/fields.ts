/** Reads what others wrote: it may be of another version, or of anyone who may write to the topic. */
export function asRecord(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const mostCharacters = 1_000

/** A text of at most 1,000 characters. */
export const asShortText = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length <= mostCharacters ? value : undefined

/** A whole number from 0. */
export const asWhole = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

export function asDate(value: unknown): Date | undefined {
  if (typeof value !== 'string') return undefined
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** What `read` makes of the entries of a list, without those of which it makes nothing. */
export const asListOf = <T>(value: unknown, read: (entry: Readonly<Record<string, unknown>>) => T | undefined): T[] =>
  Array.isArray(value)
    ? value.flatMap(entry => {
        const made = isRecord(entry) ? read(entry) : undefined
        return made === undefined ? [] : [made]
      })
    : []
