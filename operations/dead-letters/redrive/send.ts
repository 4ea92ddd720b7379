import { pause, retry } from '../../../core/index.ts'
import {
  keyOf,
  type LogReader,
  type OutgoingRecord,
  partitionFor,
  SendError,
  type Sender
} from '../../../kafka/index.ts'
import type { RedrivePlace } from '../plan.ts'

const sendDeadlineMs = 60_000

/** The partition of the redrive topic that has all messages of a key. */
export const redrivePartition = (key: Buffer | null, partitions: number): number =>
  key === null ? 0 : partitionFor(key, partitions)

/** Where the partitions of a topic end. */
export async function endsOf(
  { reader, sender }: { readonly reader: LogReader; readonly sender: Sender },
  topic: string
): Promise<number[]> {
  const count = await sender.partitionsOf(topic)
  const sources = Array.from({ length: count }, (_, partition) => ({ topic, partition }))
  const ends = await reader.offsetsAt(sources, 'end')
  return sources.map(source => ends.get(keyOf(source)) ?? 0)
}

/**
 * Sends records, in their order for each key. Resolves once all in-sync replicas have all of them; until then the very
 * same batches are tried again, so that a broker that has one already takes it for what it is.
 * @returns where each record is, in their order
 * @throws SendError after a minute, or where no retry helps: some of them may be there
 */
export async function sendInOrder(
  sender: Sender,
  topic: string,
  partitions: number,
  records: readonly OutgoingRecord[],
  signal: AbortSignal
): Promise<RedrivePlace[]> {
  const indexes = Map.groupBy(records.keys(), index =>
    redrivePartition((records[index] as OutgoingRecord).key as Buffer | null, partitions)
  )
  const places: RedrivePlace[] = []
  let waiting = [...indexes].map(([partition, of]) => ({
    of,
    batch: { topic, partition, records: of.map(index => records[index] as OutgoingRecord) }
  }))
  await retry(
    async () => {
      const results = await sender.send(waiting.map(({ batch }) => batch))
      const failed: typeof waiting = []
      let fault: SendError | undefined
      for (const [at, each] of waiting.entries()) {
        const result = results[at]
        if (result && !('error' in result))
          for (const [nth, index] of each.of.entries())
            places[index] = { partition: each.batch.partition, offset: result.baseOffset + nth }
        else {
          failed.push(each)
          if (fault === undefined || (result && !result.error.retryable)) fault = result?.error
        }
      }
      waiting = failed
      if (failed.length > 0) throw fault ?? new SendError('KAFKA_UNAVAILABLE', 'Kafka did not answer', { sent: true })
    },
    { deadlineMs: sendDeadlineMs, signal, retryable: error => error instanceof SendError && error.retryable }
  )
  return places
}

/** Lets no more than so many things a second begin. */
export class Pace {
  readonly #perSecond: number
  #free = performance.now()

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Resolves when so many more may begin, or when the signal aborts. */
  async take(count: number, signal: AbortSignal): Promise<void> {
    const now = performance.now()
    const begin = Math.max(now, this.#free)
    this.#free = begin + (count / this.#perSecond) * 1_000
    if (begin > now) await pause(begin - now, signal)
  }
}
