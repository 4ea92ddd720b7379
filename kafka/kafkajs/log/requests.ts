import requestsModule from 'kafkajs/src/protocol/requests/index.js'
import type { TopicPartition } from '../../types/index.ts'
import { asItIs, type Broker, type Cluster, type Request } from '../cluster.ts'

/** The requests about logs that kafkajs can encode, without what its own admin and consumer do around them. */
export const { Fetch, ListOffsets } = (
  requestsModule as {
    readonly requests: {
      readonly Fetch: Protocol<FetchQuestion, never>
      readonly ListOffsets: Protocol<OffsetsQuestion, OffsetsAnswer>
    }
  }
).requests

const listOffsetsKey = 2
export const isolation = { uncommitted: 0, committed: 1 } as const
export const at = { latest: '-1', earliest: '-2' } as const

/** kafkajs knows the addresses of brokers from metadata that it has asked for itself. */
export async function brokerOf(cluster: Cluster, nodeId: number, [first]: readonly TopicPartition[]): Promise<Broker> {
  const { brokerPool } = cluster
  try {
    return await brokerPool.findBroker({ nodeId })
  } catch {
    await brokerPool.refreshMetadata(first ? [first.topic] : [])
    return await brokerPool.findBroker({ nodeId })
  }
}

/**
 * The offsets of partitions that a broker leads at a time (ms since 1970, or one of {@link at}); -1 where nothing is as
 * new as that. Partitions for which the broker has an error in place of an offset are left out.
 */
export async function offsets(
  { versions, connectionPool }: Broker,
  partitions: readonly TopicPartition[],
  timestamp: string,
  isolationLevel: number
): Promise<Map<string, number>> {
  const version = Math.min(3, versions?.[listOffsetsKey]?.maxVersion ?? 2)
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic)
  const topics = [...byTopic].map(([topic, each]) => ({
    topic,
    partitions: each.map(({ partition }) => ({ partition, timestamp }))
  }))
  const { request, response } = ListOffsets.protocol({ version })({ isolationLevel, topics })
  const { responses } = await connectionPool.send({
    request,
    response: { decode: payload => response.decode(payload), parse: asItIs }
  })
  return new Map(
    responses.flatMap(({ topic, partitions: answers }) =>
      answers
        .filter(({ errorCode }) => errorCode === 0)
        .map(({ partition, offset }) => [`${topic}/${partition}`, Number(offset)] as const)
    )
  )
}

export interface Protocol<Question, Answer> {
  protocol(which: {
    version: number
  }): (question: Question) => { readonly request: Request; readonly response: { decode(p: Buffer): Promise<Answer> } }
}

interface OffsetsQuestion {
  readonly isolationLevel: number
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly { readonly partition: number; readonly timestamp: string }[]
  }[]
}

interface OffsetsAnswer {
  readonly responses: readonly {
    readonly topic: string
    readonly partitions: readonly { readonly partition: number; readonly errorCode: number; readonly offset: string }[]
  }[]
}

interface FetchQuestion {
  readonly replicaId: -1
  readonly isolationLevel: number
  readonly maxWaitTime: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly partition: number
      readonly fetchOffset: number
      readonly maxBytes: number
    }[]
  }[]
}
