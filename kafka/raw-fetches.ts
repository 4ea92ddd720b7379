import { AsyncLocalStorage } from 'node:async_hooks'
import { createRequire } from 'node:module'
import { KafkaError } from './errors.ts'
import { decodeFetchResponse } from './fetch-decoder.ts'

interface FetchV11 {
  decode(payload: Buffer): Promise<unknown>
}

type Refuse = (error: KafkaError) => void

// Whoever awaits a fetch decodes its response: what runs for one consumer is told from all others by this.
const fetching = new AsyncLocalStorage<Refuse | undefined>()
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
    const refuse = fetching.getStore()
    if (!refuse) return decode(payload)
    try {
      return await decodeFetchResponse(payload)
    } catch (error) {
      // kafkajs would try again, and hide what it was.
      if (error instanceof KafkaError) refuse(error)
      throw error
    }
  }
}

/** Runs a consumer; `refuse` is told why a response cannot be read. */
export function fetchingRaw<T>(refuse: Refuse, run: () => T): T {
  return fetching.run(refuse, run)
}

/** For what a consumer calls: a consumer that is made in there is another one. */
export function notFetching<T>(run: () => T): T {
  return fetching.run(undefined, run)
}
