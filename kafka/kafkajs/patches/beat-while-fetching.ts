import { createRequire } from 'node:module'

interface ConsumerGroup {
  readonly sessionTimeout: number
  fetch(nodeId: string): Promise<unknown>
  heartbeat(options: { readonly interval: number }): Promise<void>
}

let beating = false

/**
 * kafkajs sends no heartbeat while it waits for a fetch. One that a quota delays (KIP-219) takes longer than a session
 * lasts: the group drops the consumer, what was fetched is thrown away, and so it goes on. From now on heartbeats go on
 * meanwhile; they have a connection of their own.
 */
export function beatWhileFetching(): void {
  if (beating) return
  beating = true
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/consumerGroup') as {
    prototype: ConsumerGroup
  }
  const { fetch } = prototype
  prototype.fetch = async function (this: ConsumerGroup, nodeId) {
    const interval = Math.max(200, Math.floor(this.sessionTimeout / 6))
    // What a heartbeat meets, such as a rebalance, is met again by the next one after the fetch.
    const timer = setInterval(() => void this.heartbeat({ interval }).catch(() => undefined), interval)
    try {
      return await fetch.call(this, nodeId)
    } finally {
      clearInterval(timer)
    }
  }
}
