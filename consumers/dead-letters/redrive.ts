import type { Logger } from '../../core/index.ts'
import { type AdminLine, type Header, KafkaError, type KafkaRecord } from '../../kafka/index.ts'
import { type DeadLetterTopic, deadLetterConfig } from './dead-letters.ts'
import { deadLetterHeaders, redriveHeaders } from './headers.ts'

/** The topic of dead letters that their group is to handle again. The hyphen keeps it from being the topic of an event. */
export const redriveTopicOf = (deadLetterTopic: string): string => `${deadLetterTopic}-redrive`

/** A few members can share the work; the letters of an aggregate are in one partition. */
const partitions = 6

/**
 * Creates the redrive topic if it is missing. A group that may not, or that may not read it, works without it.
 * @returns whether the group can read it
 * @throws KafkaError where Kafka cannot be reached
 */
export async function canRedrive(line: AdminLine, spec: DeadLetterTopic, log: Logger): Promise<boolean> {
  const topic = redriveTopicOf(spec.topic)
  try {
    const { replicationFactor } = spec
    const config = deadLetterConfig(spec)
    await line.ask(admin => admin.createTopics([{ topic, partitions, replicationFactor, config }]))
    const operations = (await line.ask(admin => admin.operations([topic]))).get(topic)
    if (!operations || operations.has('READ')) return true
  } catch (error) {
    if (!(error instanceof KafkaError && error.code === 'NOT_AUTHORIZED')) throw error
  }
  log.warn(
    { topic },
    'Kafka does not let this group create or read its redrive topic: dead letters can be listed, and cannot be redriven. Grant CREATE and READ on it; `eventtrail acls group` prints the commands'
  )
  return false
}

/** Where a message was first. */
export interface Origin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** A message of the redrive topic. */
export interface Redriven {
  /** Undefined where its headers do not say it. */
  readonly origin: Origin | undefined
  /** Of the operator; letters of one action follow each other. */
  readonly action: string
  /** Of a message that ends the letters of an aggregate: the offset of the last one, where it was first. */
  readonly end: number | undefined
  /** When it failed for the first time. */
  readonly firstFailure: string | undefined
}

/** What the headers of a message in the redrive topic say. */
export function redrivenFrom({ headers }: Pick<KafkaRecord, 'headers'>): Redriven {
  const topic = textOf(headers, deadLetterHeaders.topic)
  const partition = numberOf(headers, deadLetterHeaders.partition)
  const end = numberOf(headers, redriveHeaders.end)
  const offset = end ?? numberOf(headers, deadLetterHeaders.offset)
  const isWhole = topic !== undefined && partition !== undefined && offset !== undefined
  return {
    origin: isWhole ? { topic, partition, offset } : undefined,
    action: textOf(headers, redriveHeaders.action) ?? '',
    end,
    firstFailure: textOf(headers, deadLetterHeaders.firstFailure)
  }
}

/** Of a repeated header the last one counts. */
function textOf(headers: readonly Header[], name: string): string | undefined {
  return headers.findLast(([each]) => each === name)?.[1]?.toString()
}

function numberOf(headers: readonly Header[], name: string): number | undefined {
  const text = textOf(headers, name)
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
