import consumerGroupModule from 'kafkajs/src/consumer/consumerGroup.js'
import { type Patch, type PrivateClass, patch, replace } from './patch.ts'

interface ConsumerGroup {
  readonly generationId: number | null
  instrumentationEmitter: { emit(event: string, payload?: object): void }
  joinAndSync(): Promise<void>
}

const joined = 'consumer.group_join'
const named = new WeakSet<object>()

/** The event of a join says its generation, under the name that it has in the event of a heartbeat. */
export const nameGenerations: Patch = patch(
  {
    fixes:
      'kafkajs does not say which generation of its group a consumer has joined: without it, what a member wrote before it lost a partition cannot be distinguished from what the next one has written.',
    issues: []
  },
  () => {
    const { prototype } = consumerGroupModule as PrivateClass<ConsumerGroup>
    replace(
      prototype,
      'joinAndSync',
      joinAndSync =>
        function (this: ConsumerGroup) {
          if (!named.has(this)) {
            named.add(this)
            const emitter = this.instrumentationEmitter
            this.instrumentationEmitter = {
              emit: (event, payload) =>
                emitter.emit(event, event === joined ? { ...payload, groupGenerationId: this.generationId } : payload)
            }
          }
          return joinAndSync.call(this)
        }
    )
  }
)

/** The generation that the event of a join is about. */
export function generationIn(payload: object): number {
  const { groupGenerationId } = payload as { readonly groupGenerationId?: unknown }
  if (typeof groupGenerationId !== 'number') throw new TypeError('a join without a generation')
  return groupGenerationId
}
