import kafkajs from 'kafkajs'
import runnerModule from 'kafkajs/src/consumer/runner.js'
import { type Patch, type PrivateClass, patch, replace } from './patch.ts'

interface Runner {
  readonly running: boolean
  fetch(nodeId: string): Promise<unknown>
}

/** An error ends the fetchers of a stopped consumer: when kafkajs tries again it sees that the consumer was stopped. */
export const endStoppedRunners: Patch = patch(
  {
    fixes:
      'kafkajs recreates its fetchers when the list of brokers changes. When a consumer is stopped meanwhile, the new ones are started anyway; each asks for a batch, learns at once that there is none, and asks again, indefinitely and without giving the event loop a turn: not even a signal is handled. (#1384, a loop of the same kind while there is no broker, was fixed in 2.1.)',
    issues: []
  },
  () => {
    const { prototype } = runnerModule as PrivateClass<Runner>
    replace(
      prototype,
      'fetch',
      fetch =>
        async function (this: Runner, nodeId) {
          if (!this.running) throw new kafkajs.KafkaJSError('the consumer was stopped')
          return await fetch.call(this, nodeId)
        }
    )
  }
)
