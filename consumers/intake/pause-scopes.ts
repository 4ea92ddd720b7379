import type { TopicPartition } from '../../kafka/index.ts'
import type { PauseScope } from '../types.ts'

interface Order {
  readonly scope: PauseScope
  readonly pauses: boolean
}

/** Which partitions shall be paused, by what was asked for: of two requests about a partition the later one counts. */
export class PauseScopes {
  #orders: readonly Order[] = []

  /** @param scopes those that are paused to begin with */
  constructor(scopes: readonly PauseScope[] = []) {
    for (const scope of scopes) this.pause(scope)
  }

  pause(scope: PauseScope): void {
    this.#add({ scope, pauses: true })
  }

  resume(scope: PauseScope): void {
    this.#add({ scope, pauses: false })
  }

  covers(source: TopicPartition): boolean {
    return this.#orders.findLast(({ scope }) => isWithin(scope, source))?.pauses ?? false
  }

  #add(order: Order): void {
    // What is about nothing else than this one is answered by it.
    const others = this.#orders.filter(({ scope }) => !isWithin(order.scope, scope))
    const isNews = order.pauses || others.some(({ pauses }) => pauses)
    this.#orders = isNews ? [...others, order] : others
  }
}

/** Whether all that `inner` means is meant by `outer` too. */
export const isWithin = (outer: PauseScope, inner: PauseScope): boolean =>
  (outer.topic === undefined || outer.topic === inner.topic) &&
  (outer.partition === undefined || outer.partition === inner.partition)
