/** The bytes that some messages share: they stay in memory until the last of these messages has ended. */
export interface SharedBytes {
  readonly bytes: number
  messages: number
}

/** Counts the bytes of all messages that were fetched and have not ended. */
export class HeldBytes {
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** To be called before the messages are begun; each of them must be {@link release}d once. */
  hold(bytes: number, messages: number): SharedBytes {
    if (messages > 0) this.#bytes += bytes
    return { bytes, messages }
  }

  /** One of the messages has ended. @returns whether bytes became free by it */
  release(shared: SharedBytes): boolean {
    shared.messages -= 1
    if (shared.messages > 0) return false
    this.#bytes -= shared.bytes
    return true
  }
}
