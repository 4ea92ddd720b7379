/** A header of a record. Kafka allows any name, also an empty one, names that repeat, and null as a value. */
export type Header = readonly [name: string, value: Buffer | null]

/** What is read of the headers of one record; where there is more, none of them is. */
export const headerLimits = { count: 10_000, bytes: 1024 * 1024 } as const

/**
 * The headers by name, a list where a name repeats. The object has no prototype: a header may be called `__proto__`.
 */
export function headersByName(headers: readonly Header[]): Record<string, Buffer | null | (Buffer | null)[]> {
  const byName: Record<string, Buffer | null | (Buffer | null)[]> = Object.create(null)
  for (const [name, value] of headers) {
    const before = byName[name]
    if (before === undefined) byName[name] = value
    else if (Array.isArray(before)) before.push(value)
    else byName[name] = [before, value]
  }
  return byName
}
