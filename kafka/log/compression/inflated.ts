import { ContentTooLarge } from './output.ts'

/** What zlib answers with when it is asked for `info`. */
export interface Inflated {
  readonly buffer: Buffer
  /** Its `bytesWritten` are those of the input that were read. */
  readonly engine: { readonly bytesWritten: number }
}

export interface InflateOptions {
  readonly maxOutputLength: number
  readonly chunkSize: number
  readonly info: true
}

const pieces = 64 * 1024
/** From here on content is written into one piece of memory: joining pieces would need it twice. */
const inPiecesUpTo = 4 * 1024 * 1024

/**
 * Decompresses by one of zlib's functions.
 * @param before bytes that are decompressed already of the `maxBytes` that there may be
 * @throws ContentTooLarge; what zlib throws
 */
export function inflated(inflate: (options: InflateOptions) => Inflated, before: number, maxBytes: number): Inflated {
  const room = maxBytes - before
  const first = Math.max(Math.min(inPiecesUpTo, room), 1)
  try {
    const result = inflate({ maxOutputLength: first, chunkSize: pieces, info: true })
    if (result.buffer.length > room) throw new ContentTooLarge(maxBytes)
    return result
  } catch (error) {
    if (!isTooLarge(error)) throw error
    if (first >= room) throw new ContentTooLarge(maxBytes)
  }
  try {
    // Memory that nothing is written to is not taken from the machine.
    return inflate({ maxOutputLength: room, chunkSize: room + pieces, info: true })
  } catch (error) {
    throw isTooLarge(error) ? new ContentTooLarge(maxBytes) : error
  }
}

const isTooLarge = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
