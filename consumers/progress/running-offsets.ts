/**
 * Offsets whose message was started and has not ended: few at a time, and mostly one. Not a Set: it makes a new table for
 * every last one that is deleted.
 */
export class RunningOffsets {
  readonly #offsets: number[] = []

  has(offset: number): boolean {
    return this.#offsets.includes(offset)
  }

  add(offset: number): void {
    this.#offsets.push(offset)
  }

  delete(offset: number): void {
    const place = this.#offsets.indexOf(offset)
    if (place < 0) return
    const last = this.#offsets.pop() as number
    if (place < this.#offsets.length) this.#offsets[place] = last
  }
}
