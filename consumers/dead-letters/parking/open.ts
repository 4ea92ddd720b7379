import { machineClock } from '../../../core/index.ts'
import {
  type AdminLine,
  compactedTopic,
  type KafkaClient,
  KafkaError,
  type TopicSpec,
  TopicTable
} from '../../../kafka/index.ts'
import type { DeadLetterTopic } from '../dead-letters.ts'
import { Parking, type ParkingOptions } from './parking.ts'
import { supersedes } from './versions.ts'

/** The topic of what is parked. The hyphen keeps it from being the topic of an event. */
export const parkedTopicOf = (deadLetterTopic: string): string => `${deadLetterTopic}-parked`

/** A late row that does not count is the last one of its key until it was put right; compaction leaves both that long. */
function parkedTopic(topic: string, replicationFactor: number): TopicSpec {
  const spec = compactedTopic(topic, replicationFactor)
  return { ...spec, config: { ...spec.config, 'min.compaction.lag.ms': String(3_600_000) } }
}

export interface OpenParking {
  readonly parking: Parking
  close(): Promise<void>
}

/**
 * Creates the topic if it is missing, and reads it to its end.
 * @throws KafkaError `NOT_AUTHORIZED` where the group may not read and write it, or it is missing and may not be created:
 *   without it the order could not be kept
 */
export async function openParking(
  client: KafkaClient,
  line: AdminLine,
  spec: DeadLetterTopic,
  { stopping, confirmedAgoMs, log }: Pick<ParkingOptions, 'stopping' | 'confirmedAgoMs' | 'log'>
): Promise<OpenParking> {
  const topic = parkedTopicOf(spec.topic)
  try {
    await line.ask(admin => admin.createTopics([parkedTopic(topic, spec.replicationFactor)]))
  } catch (error) {
    throw error instanceof KafkaError && error.code === 'NOT_AUTHORIZED' ? refused(topic, error) : error
  }
  const operations = (await line.ask(admin => admin.operations([topic]))).get(topic)
  if (operations && !(operations.has('READ') && operations.has('WRITE'))) throw refused(topic)
  const table = new TopicTable({
    client,
    topic,
    log,
    supersedes,
    onFault: fault => log.warn({ topic, code: fault.code }, 'it cannot be read which aggregates are parked')
  })
  if ((await table.ready) === 'refused') {
    await table.close()
    throw refused(topic, table.fault)
  }
  const parking = new Parking({ table, stopping, confirmedAgoMs, log, clock: machineClock })
  return {
    parking,
    async close() {
      parking.close()
      await table.close()
    }
  }
}

function refused(topic: string, cause?: KafkaError): KafkaError {
  const right = { operation: 'WRITE', resource: 'topic', name: topic, ...cause?.right } as const
  return new KafkaError(
    'NOT_AUTHORIZED',
    `A group with the policy \`park\` keeps what is parked in ${topic}, and Kafka does not let it. Grant READ, WRITE and DESCRIBE on it, and CREATE where it does not exist; \`eventtrail acls group\` prints the commands`,
    cause,
    cause?.protocolError,
    { right }
  )
}
