/** A queue that is cheap at both ends: an array whose front is cut off now and then. */
export class Fifo<T> implements Iterable<T> {
  #items: (T | undefined)[] = []
  #front = 0

  get size(): number {
    return this.#items.length - this.#front
  }

  push(item: T): void {
    this.#items.push(item)
  }

  peek(): T | undefined {
    return this.#items[this.#front]
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#front]
    this.#items[this.#front] = undefined
    this.#front += 1
    if (this.#front === this.#items.length || this.#front > 1_024 + this.size) this.#compact()
    return item
  }

  /** Puts items before all others, in their order. */
  unshift(items: readonly T[]): void {
    this.#items = [...items, ...this.#items.slice(this.#front)]
    this.#front = 0
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let at = this.#front; at < this.#items.length; at += 1) yield this.#items[at] as T
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#front)
    this.#front = 0
  }
}
