/** Thrown where compressed bytes hold more than they may. */
export class ContentTooLarge extends Error {
  constructor(maxBytes: number) {
    super(`the records of the batch decompress to more than ${maxBytes} bytes`)
    this.name = 'ContentTooLarge'
  }
}

/** What compressed bytes hold. */
export interface Content {
  readonly bytes: Buffer
  /** In how many pieces it was compressed. */
  readonly pieces: number
}

/** Thrown where compressed bytes are in more pieces than they may be. */
export class TooManyPieces extends Error {
  constructor() {
    super(`the records of the batch are compressed in more than ${mostPieces} pieces`)
    this.name = 'TooManyPieces'
  }
}

/**
 * Frames or members of one batch at most. Producers write one, or one for each time they flush; each costs some 50 µs,
 * and 1 MB can hold 100,000.
 */
const mostPieces = 1_000

/**
 * What is decompressed piece by piece, as one. A single piece stays where it is; of more, none keeps the memory that it
 * was decompressed into.
 */
export class Pieces {
  readonly #maxBytes: number
  #only: Buffer | undefined
  #joined: Output | undefined
  #count = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes of all of them. */
  get length(): number {
    return this.#joined?.length ?? this.#only?.length ?? 0
  }

  /** @throws ContentTooLarge, TooManyPieces */
  add(piece: Buffer): void {
    this.#count += 1
    if (this.#count > mostPieces) throw new TooManyPieces()
    if (piece.length === 0) return
    if (!this.#only) {
      this.#only = piece
      return
    }
    if (!this.#joined) {
      this.#joined = new Output(2 * (this.#only.length + piece.length), this.#maxBytes)
      this.#joined.append(this.#only, 0, this.#only.length)
    }
    this.#joined.append(piece, 0, piece.length)
  }

  done(): Content {
    const bytes = this.#joined?.done() ?? this.#only ?? Buffer.alloc(0)
    return { bytes, pieces: this.#count }
  }
}

/** Up to here a loop is quicker than a call. */
const fewBytes = 64

/** Bytes that grow up to a limit, and repeat what they hold. */
export class Output {
  readonly #maxBytes: number
  #bytes: Buffer
  #length = 0

  constructor(size: number, maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#bytes = Buffer.allocUnsafe(Math.max(Math.min(size, maxBytes), 64))
  }

  get length(): number {
    return this.#length
  }

  /** @throws ContentTooLarge */
  append(from: Buffer, start: number, end: number): void {
    this.#reserve(end - start)
    if (end - start > fewBytes) from.copy(this.#bytes, this.#length, start, end)
    else {
      const bytes = this.#bytes
      for (let at = start, to = this.#length; at < end; at += 1, to += 1) bytes[to] = from[at] as number
    }
    this.#length += end - start
  }

  /**
   * Appends `length` bytes that begin `distance` bytes before the end; they may run into what they append.
   * @throws ContentTooLarge; Error when they would begin before the first byte
   */
  repeat(distance: number, length: number): void {
    if (distance < 1 || distance > this.#length) throw new Error('compressed bytes point before their beginning')
    this.#reserve(length)
    const start = this.#length - distance
    const end = this.#length + length
    if (length <= fewBytes) {
      const bytes = this.#bytes
      for (let at = start, to = this.#length; to < end; at += 1, to += 1) bytes[to] = bytes[at] as number
      this.#length = end
      return
    }
    // What is there from `start` on repeats itself: each turn copies all of it, twice as much as the one before.
    while (this.#length < end) {
      const count = Math.min(end - this.#length, this.#length - start)
      this.#bytes.copyWithin(this.#length, start, start + count)
      this.#length += count
    }
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(length: number): void {
    const needed = this.#length + length
    if (needed <= this.#bytes.length) return
    if (needed > this.#maxBytes) {
      giveBack(this.#bytes)
      throw new ContentTooLarge(this.#maxBytes)
    }
    const larger = Buffer.allocUnsafe(Math.min(Math.max(this.#bytes.length * 2, needed), this.#maxBytes))
    this.#bytes.copy(larger, 0, 0, this.#length)
    giveBack(this.#bytes)
    this.#bytes = larger
  }
}

/**
 * Gives the memory of large bytes back at once: nothing of them may be read any more. Left to the garbage collector,
 * hundreds of MiB come together before it looks at them.
 * @param bytes nothing else uses the same piece of memory
 */
export function giveBack({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= largeBytes) buffer.transfer(0)
}

/** Smaller ones may share a piece of memory with others, and are no load. */
const largeBytes = 1024 * 1024
