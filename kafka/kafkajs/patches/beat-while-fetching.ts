import consumerGroupModule from 'kafkajs/src/consumer/consumerGroup.js'
import { type Patch, type PrivateClass, patch, replace } from './patch.ts'

interface ConsumerGroup {
  readonly sessionTimeout: number
  fetch(nodeId: string): Promise<unknown>
  heartbeat(options: { readonly interval: number }): Promise<void>
}

/** Heartbeats continue during a fetch; they have a connection of their own. */
export const beatWhileFetching: Patch = patch(
  {
    fixes:
      'kafkajs sends no heartbeat while it waits for a fetch. A fetch that a quota delays (KIP-219) can take longer than a session lasts: the group drops the consumer, what was fetched is thrown away, and the next fetch ends the same way.',
    issues: []
  },
  () => {
    const { prototype } = consumerGroupModule as PrivateClass<ConsumerGroup>
    replace(
      prototype,
      'fetch',
      fetch =>
        async function (this: ConsumerGroup, nodeId) {
          const interval = Math.max(200, Math.floor(this.sessionTimeout / 6))
          // What a heartbeat meets, such as a rebalance, is met again by the next one after the fetch.
          const timer = setInterval(() => void this.heartbeat({ interval }).catch(() => undefined), interval)
          try {
            return await fetch.call(this, nodeId)
          } finally {
            clearInterval(timer)
          }
        }
    )
  }
)
