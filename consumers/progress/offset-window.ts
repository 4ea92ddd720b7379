/**
 * Offsets in ascending order, each open or finished. In arrays: they are added at one end and leave at the other, and the
 * first key of a Map costs more the more were deleted before it.
 */
export class OffsetWindow {
  #offsets: number[] = []
  #finished: boolean[] = []
  #start = 0

  get size(): number {
    return this.#offsets.length - this.#start
  }

  /** The lowest offset. */
  get first(): number | undefined {
    return this.#offsets[this.#start]
  }

  /** @param offset above all that are in it */
  add(offset: number, isFinished: boolean): void {
    this.#offsets.push(offset)
    this.#finished.push(isFinished)
  }

  /** @returns false when the offset is not in it */
  finish(offset: number): boolean {
    const place = this.#placeOf(offset)
    if (place === undefined) return false
    this.#finished[place] = true
    return true
  }

  /** Drops the finished offsets below the lowest open one. */
  dropFinished(): void {
    while (this.#finished[this.#start]) this.#start += 1
    if (this.#start === this.#offsets.length) {
      this.#offsets = []
      this.#finished = []
      this.#start = 0
    } else if (this.#start >= 1_024 && 2 * this.#start >= this.#offsets.length) {
      this.#offsets = this.#offsets.slice(this.#start)
      this.#finished = this.#finished.slice(this.#start)
      this.#start = 0
    }
  }

  /** Offsets with whether they are finished. */
  *entries(): Generator<readonly [number, boolean], void> {
    for (let place = this.#start; place < this.#offsets.length; place += 1)
      yield [this.#offsets[place] as number, this.#finished[place] as boolean]
  }

  /** Without gaps an offset is as far from the first place as from the first offset; gaps bring it closer. */
  #placeOf(offset: number): number | undefined {
    const { first } = this
    if (first === undefined || offset < first) return undefined
    let low = this.#start
    let high = Math.min(this.#start + offset - first, this.#offsets.length - 1)
    if (this.#offsets[high] === offset) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#offsets[middle] as number) < offset) low = middle + 1
      else high = middle
    }
    return this.#offsets[low] === offset ? low : undefined
  }
}
