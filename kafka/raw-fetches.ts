import { AsyncLocalStorage } from 'node:async_hooks'
import { createRequire } from 'node:module'
import { KafkaError } from './errors.ts'
import { decodeFetchResponse } from './fetch-decoder.ts'

interface FetchV11 {
  decode(payload: Buffer): Promise<unknown>
}

/** What a consumer hears of its fetches beside what kafkajs makes of them. */
export interface FetchEars {
  /** A response cannot be read. */
  refused(error: KafkaError): void
  /** The log of the partition does not have the offset that was asked for. */
  outOfRange(partition: { readonly topic: string; readonly partition: number }): void
}

/** Kafka's protocol guide, "Error Codes". */
const offsetOutOfRange = 1

// Whoever awaits a fetch decodes its response: what runs for one consumer is told from all others by this.
const fetching = new AsyncLocalStorage<FetchEars | undefined>()
let allowed = false

/**
 * From now on a consumer that runs within {@link fetchingRaw} gets FetchedRecords in place of messages. All other
 * consumers of the process, also those that are no concern of ours, get what kafkajs makes.
 */
export function allowRawFetches(): void {
  if (allowed) return
  allowed = true
  const response = createRequire(import.meta.url)('kafkajs/src/protocol/requests/fetch/v11/response') as FetchV11
  const { decode } = response
  response.decode = async payload => {
    const ears = fetching.getStore()
    if (!ears) return decode(payload)
    try {
      const decoded = await decodeFetchResponse(payload)
      for (const { topicName: topic, partitions } of decoded.responses)
        for (const { partition, errorCode } of partitions)
          if (errorCode === offsetOutOfRange) ears.outOfRange({ topic, partition })
      return decoded
    } catch (error) {
      // kafkajs would try again, and hide what it was.
      if (error instanceof KafkaError) ears.refused(error)
      throw error
    }
  }
}

/** Runs a consumer, whose fetches are told of. */
export function fetchingRaw<T>(ears: FetchEars, run: () => T): T {
  return fetching.run(ears, run)
}

/** For what a consumer calls: a consumer that is made in there is another one. */
export function notFetching<T>(run: () => T): T {
  return fetching.run(undefined, run)
}
