const lately = 2_000

/** Events a second over the last two seconds or so. */
export class Pace {
  readonly #marks: { readonly published: number; readonly at: number }[] = []

  /** @param at ms of a clock that only goes forward */
  of(published: number, at: number): number {
    this.#marks.push({ published, at })
    // The last mark that is old enough stays: the one to compare with.
    while (at - (this.#marks[1]?.at ?? at) >= lately) this.#marks.shift()
    const [first] = this.#marks
    return first && at > first.at ? ((published - first.published) * 1_000) / (at - first.at) : 0
  }
}

/** Notices that numbers have stopped changing. */
export class Stall {
  readonly #afterMs: number
  #last = ''
  #since = 0

  constructor(afterMs: number) {
    this.#afterMs = afterMs
  }

  /** Whether these numbers have been the same for too long. */
  notices(figures: string, at: number): boolean {
    if (figures !== this.#last) {
      this.#last = figures
      this.#since = at
    }
    return at - this.#since > this.#afterMs
  }
}
