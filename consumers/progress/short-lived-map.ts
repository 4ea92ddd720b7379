/**
 * A map, in the order of its entries, whose entries come and go for as long as the process lives. V8 links each table that a
 * Map has outgrown to the one after it, and deleting makes it outgrow them too: once one of these tables has got into the
 * old space, all later ones and the keys and values in them get there as well, and stay until the next full collection
 * (decision 0070). A copy begins such a chain again.
 */
export class ShortLivedMap<K, V> {
  #map = new Map<K, V>()
  #deleted = 0

  get size(): number {
    return this.#map.size
  }

  get(key: K): V | undefined {
    return this.#map.get(key)
  }

  set(key: K, value: V): void {
    this.#map.set(key, value)
  }

  /** @returns whether it was there */
  delete(key: K): boolean {
    if (!this.#map.delete(key)) return false
    this.#deleted += 1
    if (this.#deleted >= enough && this.#deleted >= this.#map.size) {
      this.#map = new Map(this.#map)
      this.#deleted = 0
    }
    return true
  }

  values(): MapIterator<V> {
    return this.#map.values()
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#map.entries()
  }
}

/** Copying as often as this costs about as much as the tables that V8 makes meanwhile. */
const enough = 1_024
