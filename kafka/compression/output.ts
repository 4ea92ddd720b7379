/** Bytes that grow, and repeat what they hold. */
export class Output {
  #bytes: Buffer
  #length = 0

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(Math.max(size, 64))
  }

  /** Makes room, so that what follows need not move what is there. */
  reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + length))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }

  append(from: Buffer, start: number, end: number): void {
    this.reserve(end - start)
    from.copy(this.#bytes, this.#length, start, end)
    this.#length += end - start
  }

  /** Appends `length` bytes that begin `distance` bytes before the end; they may run into what they append. */
  repeat(distance: number, length: number): void {
    if (distance < 1 || distance > this.#length) throw new Error('compressed bytes point before their beginning')
    this.reserve(length)
    for (let left = length; left > 0; ) {
      const count = Math.min(left, distance)
      const start = this.#length - distance
      this.#bytes.copyWithin(this.#length, start, start + count)
      this.#length += count
      left -= count
    }
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }
}
