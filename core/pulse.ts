const tickMs = 1_000

/**
 * Says whether a loop still turns: {@link beat} is called at each turn. Time for which the whole process was
 * suspended, or did nothing but one long computation, does not count.
 */
export class Pulse {
  readonly #timer: NodeJS.Timeout
  #ticks = 0

  /** @param onTick is called every second */
  constructor(onTick: () => void = () => undefined) {
    this.#timer = setInterval(() => {
      this.#ticks += 1
      onTick()
    }, tickMs).unref()
  }

  beat(): void {
    this.#ticks = 0
  }

  /** ms since the last beat. */
  get quietMs(): number {
    return this.#ticks * tickMs
  }

  close(): void {
    clearInterval(this.#timer)
  }
}
