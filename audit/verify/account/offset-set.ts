/** Offsets of a range, a bit each. */
export class OffsetSet {
  readonly #first: number
  readonly #bits: Uint8Array

  constructor(first: number, last: number) {
    this.#first = first
    this.#bits = new Uint8Array(Math.ceil((last - first + 1) / 8))
  }

  has(offset: number): boolean {
    const at = offset - this.#first
    return ((this.#bits[Math.floor(at / 8)] as number) & (1 << (at % 8))) !== 0
  }

  /** An offset outside of the range is passed over. */
  add(offset: number): void {
    const at = offset - this.#first
    if (at >= 0 && at < this.#bits.length * 8)
      this.#bits[Math.floor(at / 8)] = (this.#bits[Math.floor(at / 8)] as number) | (1 << (at % 8))
  }
}
