import { type ConnectionOptions, useKafka } from '../../../connection/index.ts'
import { EventtrailError, isObject, type Logger, silentLogger } from '../../../core/index.ts'
import { KafkaError, type KafkaRecord, keyOf, type LogReader, type TopicPartition } from '../../../kafka/index.ts'
import { createKafkaClient } from '../../../kafka/kafkajs/index.ts'
import { type Catalogue, createRegistry, type Envelope } from '../../../schemas/index.ts'
import { createDecoder } from '../../pipeline/index.ts'
import type { Json, RebuildSource, SourceBatch } from './types.ts'

export interface KafkaSourceOptions {
  /** Where Kafka and the schema registry are, or a connection that is shared with other parts of the process. */
  readonly connection: ConnectionOptions
  readonly catalogue: Catalogue
  /** Put before an event name to make its topic. Default ''. */
  readonly topicPrefix?: string
  /** The events that are read. */
  readonly eventNames: readonly string[]
  /** Default: nothing is logged. */
  readonly log?: Logger
}

/** A source that has connections, which its caller closes. */
export interface KafkaSource extends RebuildSource, AsyncDisposable {
  close(): Promise<void>
}

const pageOptions = { maxBytes: 1024 * 1024, maxRecords: 2_000, maxWaitMs: 500 }
/** Pages in a row that may be empty before the end. */
const mostEmptyPages = 20

/** A partition with its event, and its part of what is read. */
interface Part {
  readonly source: TopicPartition
  readonly eventName: string
  readonly end: number
}

/**
 * All events of some names that Kafka still has, without a group: nothing of a running group is touched. Positions are
 * offsets by partition. Topics that do not exist have no events.
 */
export function kafkaSource(options: KafkaSourceOptions): KafkaSource {
  const { connection, catalogue, topicPrefix = '', eventNames, log = silentLogger } = options
  const { client, release } = useKafka(connection, createKafkaClient, { log, clientId: 'eventtrail-rebuild' })
  const line = client.adminLine()
  const reader = client.logReader()
  const registry = createRegistry({ ...connection.registry, log })
  const decode = createDecoder(catalogue, id => registry.schemaById(id))

  const parts = async (): Promise<Part[]> => {
    const topics = await line.ask(admin => admin.topics())
    const all = eventNames.flatMap(eventName => {
      const topic = topicPrefix + eventName
      return Array.from({ length: topics.get(topic) ?? 0 }, (_, partition) => ({
        source: { topic, partition },
        eventName
      }))
    })
    const ends = await reader.offsetsAt(
      all.map(({ source }) => source),
      'end'
    )
    return all.map(part => ({ ...part, end: ends.get(keyOf(part.source)) ?? 0 }))
  }

  async function* read(from: Json | undefined): AsyncGenerator<SourceBatch> {
    const position: Record<string, number> = isObject(from) ? { ...(from as Record<string, number>) } : {}
    const all = await parts()
    const starts = await reader.offsetsAt(
      all.map(({ source }) => source),
      'start'
    )
    const total = Math.max(
      1,
      all.reduce((sum, { end, source }) => sum + end - (starts.get(keyOf(source)) ?? 0), 0)
    )
    const firstOf = (source: TopicPartition): number =>
      Math.max(starts.get(keyOf(source)) ?? 0, position[keyOf(source)] ?? 0)
    let left = all.reduce((sum, { end, source }) => sum + Math.max(0, end - firstOf(source)), 0)
    for (const { source, eventName, end } of all) {
      const key = keyOf(source)
      let emptyPages = 0
      for (let offset = firstOf(source); offset < end; ) {
        const page = await pageOf(reader, source, offset)
        if (page.next <= offset) {
          // The log was cut back.
          if (page.end <= offset) break
          emptyPages += 1
          if (emptyPages < mostEmptyPages) continue
          throw new KafkaError(
            'KAFKA_UNAVAILABLE',
            `Kafka gives no records of ${source.topic} from offset ${offset} on`
          )
        }
        const { envelopes, unreadable } = await decoded(page.records, eventName)
        left -= page.next - offset
        offset = page.next
        position[key] = offset
        yield {
          envelopes,
          unreadable: unreadable + page.unreadable.length,
          position: { ...position },
          done: Math.min(1, Math.max(0, 1 - left / total))
        }
      }
    }
  }

  async function decoded(records: readonly KafkaRecord[], eventName: string) {
    const envelopes: Envelope[] = []
    let unreadable = 0
    for (const { value } of records) {
      try {
        envelopes.push(await decode(eventName, value))
      } catch (error) {
        // A registry that is away is waited for; what is no event is a dead letter of the indexer.
        if (error instanceof EventtrailError && error.retryable) throw error
        unreadable += 1
      }
    }
    return { envelopes, unreadable }
  }

  const close = async (): Promise<void> => {
    await reader.close()
    await line.close()
    await release()
  }
  return { read, close, [Symbol.asyncDispose]: close }
}

/** What retention removes between two pages is not there any more. */
async function pageOf(reader: LogReader, source: TopicPartition, offset: number) {
  try {
    return await reader.page(source, offset, pageOptions)
  } catch (error) {
    if (!(error instanceof KafkaError) || error.code !== 'OFFSET_OUT_OF_RANGE') throw error
    const starts = await reader.offsetsAt([source], 'start')
    return await reader.page(source, starts.get(keyOf(source)) ?? 0, pageOptions)
  }
}
