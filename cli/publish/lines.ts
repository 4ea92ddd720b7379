/** A line of a file, or a piece of one that is longer than allowed. */
export interface Line {
  /** From 1. */
  readonly number: number
  /** Without the line feed. */
  readonly bytes: Buffer
  /** Whether it is all of the line: false for each piece of a long one. */
  readonly whole: boolean
  /** Whether the line ends here. */
  readonly end: boolean
}

const lineFeed = 0x0a

/**
 * Splits a stream of bytes into lines, however large it is, holding at most `maxBytes` and one chunk. The last
 * line need not end in a line feed.
 */
export async function* splitLines(source: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  let number = 1
  let held: Buffer[] = []
  let heldBytes = 0
  let whole = true
  const take = (end: boolean): Line => {
    const bytes = held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held)
    held = []
    heldBytes = 0
    return { number, bytes, whole, end }
  }
  for await (const chunk of source) {
    for (let from = 0; from < chunk.length; ) {
      const feed = chunk.indexOf(lineFeed, from)
      const part = chunk.subarray(from, feed < 0 ? chunk.length : feed)
      from = feed < 0 ? chunk.length : feed + 1
      held.push(part)
      heldBytes += part.length
      if (heldBytes > maxBytes) whole = false
      if (feed >= 0) {
        yield take(true)
        number += 1
        whole = true
      } else if (!whole) yield take(false)
    }
  }
  if (heldBytes > 0 || !whole) yield take(true)
}
