import kafkajs, { type Consumer, type EachBatchPayload } from 'kafkajs'
import type { ConsumerSettings } from './consumer-options.ts'
import { readBatch } from './record-batch.ts'

const { KafkaJSError } = kafkajs

/** What a batch needs of the consumer that got it. */
export interface Handling {
  readonly settings: Pick<ConsumerSettings, 'maxBatchBytes' | 'onBatch' | 'onPassed'>
  /** Aborted when the run of the consumer ends. */
  readonly signal: AbortSignal
  /** Something moves. */
  readonly progress: () => void
  /** Does what kafkajs refuses while it is between two groups. */
  readonly quietly: (action: () => void) => void
  /** Ends the consumer for good. */
  readonly fail: (error: unknown, where: { readonly topic: string; readonly partition: number }) => void
}

/** Gives a fetched batch to the handler. Only errors of kafkajs may leave this: on others kafkajs ends for good. */
export async function handleBatch(consumer: Consumer, payload: EachBatchPayload, handling: Handling): Promise<void> {
  const { settings, signal, progress, quietly, fail } = handling
  const { topic, partition } = payload.batch
  // After a rejoin without this partition there is nothing left to resolve.
  const resolve = (offset: number) => quietly(() => payload.resolveOffset(String(offset)))
  try {
    const batch = readBatch(payload.batch, settings.maxBatchBytes)
    if (batch.raw.isEmpty) {
      settings.onPassed?.(batch)
      return resolve(batch.lastOffset)
    }
    await settings.onBatch(batch, {
      signal,
      heartbeat: () => {
        progress()
        return payload.heartbeat()
      },
      resolve,
      seek: offset => quietly(() => consumer.seek({ topic, partition, offset: String(offset) }))
    })
  } catch (error) {
    if (error instanceof KafkaJSError || signal.aborted) throw error
    fail(error, { topic, partition })
    throw new KafkaJSError('the batch handler failed')
  }
}
