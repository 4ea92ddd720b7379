import { AsyncLocalStorage } from 'node:async_hooks'
import errorModule from 'kafkajs/src/protocol/error.js'
import fetchResponseModule from 'kafkajs/src/protocol/requests/fetch/v11/response.js'
import { decodeFetchResponse, type FetchResponse } from '../../log/index.ts'
import type { PartitionTrouble, TopicPartition } from '../../types/index.ts'
import { type Patch, patch, replace } from './patch.ts'

interface FetchV11 {
  decode(payload: Buffer): Promise<unknown>
}

/** What a consumer learns of its fetches besides what kafkajs makes of them. */
export interface FetchEars {
  /** The log of the partition does not have the offset that was asked for. kafkajs learns of it when a promise resolves. */
  outOfRange(partition: TopicPartition): unknown
  /** Nothing of the partition could be fetched or read; kafkajs learns nothing of it. */
  unserved(trouble: PartitionTrouble): void
  /** The partition could be fetched. Called only while {@link someUnserved}. */
  served(partition: TopicPartition): void
  readonly someUnserved: boolean
}

/** Kafka's protocol guide, "Error Codes". */
const noError = 0
const offsetOutOfRange = 1
const { createErrorFromCode } = errorModule as {
  createErrorFromCode(code: number): { readonly type: string; readonly code: number; readonly retriable: boolean }
}

/** What is known of some errors of one partition. */
const knownTroubles: Readonly<Record<number, Pick<PartitionTrouble, 'code' | 'reason'>>> = {
  [-1]: { code: 'NOT_SERVED', reason: 'the broker has an error of its own (UNKNOWN_SERVER_ERROR): see its log' },
  2: { code: 'NOT_SERVED', reason: 'the broker finds its log corrupt (CORRUPT_MESSAGE): see its log' },
  29: { code: 'NOT_AUTHORIZED', reason: 'the right READ is missing: grant it on this topic' },
  56: { code: 'NOT_SERVED', reason: 'the broker cannot read its disk (KAFKA_STORAGE_ERROR): see its log' }
}

/**
 * What keeps one partition from being served, so that kafkajs would fail the fetch of all of them, again and again: every
 * error that it does not retry itself, as it does where a leader moves.
 */
function troubleOf(errorCode: number): Pick<PartitionTrouble, 'code' | 'reason'> | undefined {
  if (errorCode === noError || errorCode === offsetOutOfRange) return undefined
  const known = knownTroubles[errorCode]
  if (known) return known
  const { type, code, retriable } = createErrorFromCode(errorCode)
  const name = code === errorCode ? type : `error ${errorCode}`
  return retriable ? undefined : { code: 'NOT_SERVED', reason: `the broker answers with ${name}: see its log` }
}

// A response is decoded where the fetch is awaited: this distinguishes the fetches of one consumer from all others.
const fetching = new AsyncLocalStorage<FetchEars | undefined>()

/**
 * A consumer that runs within {@link fetchingRaw} gets FetchedRecords in place of messages, and no partition that
 * brought none. All other consumers of the process, also those of other libraries, get what kafkajs makes.
 */
export const allowRawFetches: Patch = patch(
  {
    fixes:
      'kafkajs makes an object of every record before a consumer sees any, which takes most of the time of a fetch; and for an error of one partition (no READ, a log that cannot be read) it fails the fetch of all.',
    issues: []
  },
  () =>
    replace(fetchResponseModule as FetchV11, 'decode', decode => async payload => {
      const ears = fetching.getStore()
      return ears ? decodeFor(ears, payload) : decode(payload)
    })
)

async function decodeFor(ears: FetchEars, payload: Buffer): Promise<FetchResponse> {
  const unserved: PartitionTrouble[] = []
  const waited: unknown[] = []
  const decoded = decodeFetchResponse(payload, ({ topic, partition, error }) =>
    unserved.push({ topic, partition, code: 'LOG_UNREADABLE', reason: error.message })
  )
  // Those whose bytes cannot be read have no error.
  const broken = new Set(unserved.map(({ topic, partition }) => `${topic}/${partition}`))
  for (const { topicName: topic, partitions } of decoded.responses) {
    for (const { partition, errorCode } of partitions) {
      const trouble = troubleOf(errorCode)
      if (trouble) unserved.push({ topic, partition, ...trouble })
      else if (errorCode === offsetOutOfRange) waited.push(ears.outOfRange({ topic, partition }))
      else if (errorCode === noError && ears.someUnserved && !broken.has(`${topic}/${partition}`))
        ears.served({ topic, partition })
    }
  }
  for (const trouble of unserved) ears.unserved(trouble)
  if (waited.length > 0) await Promise.all(waited)
  return {
    ...decoded,
    responses: decoded.responses.map(withoutQuiet).filter(({ partitions }) => partitions.length > 0)
  }
}

type TopicResponse = FetchResponse['responses'][number]

/** kafkajs looks for each partition that is left among all that it asked for: of an idle one it need not hear. */
const withoutQuiet = ({ topicName, partitions }: TopicResponse): TopicResponse => ({
  topicName,
  partitions: partitions.filter(({ errorCode, messages }) =>
    errorCode === noError ? messages.length > 0 : !troubleOf(errorCode)
  )
})

/** Runs a consumer whose fetches are decoded and reported here. */
export function fetchingRaw<T>(ears: FetchEars, run: () => T): T {
  return fetching.run(ears, run)
}

/** For what a consumer calls: a consumer that is made in there is another one. */
export function notFetching<T>(run: () => T): T {
  return fetching.run(undefined, run)
}
