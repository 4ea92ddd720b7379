/** Where an event was read first, and a hash of its content. */
interface Known {
  readonly place: string
  readonly content: string
}

/** Ids that were read lately, so that one that comes again is known. The oldest ones are forgotten. */
export class RecentIds {
  readonly #most: number
  readonly #known = new Map<string, Known>()

  /** @param most ids that are kept: about 300 bytes each */
  constructor(most = 100_000) {
    this.#most = most
  }

  /**
   * Takes the id of a record.
   * @param place of the record; one that is read again is not new
   */
  take(id: string, place: string, content: string): 'new' | 'same' | 'other' {
    const known = this.#known.get(id)
    if (known) return known.place === place ? 'new' : known.content === content ? 'same' : 'other'
    this.#known.set(id, { place, content })
    if (this.#known.size > this.#most) {
      const [oldest] = this.#known.keys()
      this.#known.delete(oldest as string)
    }
    return 'new'
  }
}
