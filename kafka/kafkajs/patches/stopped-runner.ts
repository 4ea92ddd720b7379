import { createRequire } from 'node:module'
import kafkajs from 'kafkajs'

interface Runner {
  readonly running: boolean
  fetch(nodeId: string): Promise<unknown>
}

let mended = false

/**
 * kafkajs makes its fetchers anew when the list of brokers changes. When a consumer is stopped meanwhile, the new ones
 * are started all the same, each asks for a batch, is answered at once that there is none, and asks again: for ever,
 * and without giving the event loop a turn, so that not even a signal is heard. An error ends them: by the time kafkajs
 * tries again it sees that the consumer was stopped.
 */
export function endStoppedRunners(): void {
  if (mended) return
  mended = true
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/consumer/runner') as { prototype: Runner }
  const { fetch } = prototype
  prototype.fetch = async function (this: Runner, nodeId) {
    if (!this.running) throw new kafkajs.KafkaJSError('the consumer was stopped')
    return await fetch.call(this, nodeId)
  }
}
