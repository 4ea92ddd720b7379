import {
  type AdminLine,
  connectSender,
  headersByName,
  type KafkaClient,
  type KafkaRecord,
  type OutgoingRecord,
  type Sender
} from '../kafka/index.ts'

/** Headers that a dead letter has beside the message's own. */
export const deadLetterHeaders = {
  group: 'dead-letter-group',
  topic: 'dead-letter-topic',
  partition: 'dead-letter-partition',
  offset: 'dead-letter-offset',
  code: 'dead-letter-code',
  attempts: 'dead-letter-attempts'
} as const

/** Why and from where a message became a dead letter. */
export interface DeadLetterFacts {
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** Name of the last fault: an error code or class, never a message. */
  readonly code: string
  readonly attempts: number
}

/**
 * The dead letter of a message: its key, value and headers byte for byte, and headers that say where it came
 * from. Those of an earlier failure (a message that was sent through again) are replaced.
 */
export function deadLetterOf(record: KafkaRecord, facts: DeadLetterFacts): OutgoingRecord {
  return {
    key: record.key,
    value: record.value,
    headers: {
      ...(headersByName(record.headers) as Record<string, Buffer | Buffer[]>),
      [deadLetterHeaders.group]: facts.group,
      [deadLetterHeaders.topic]: facts.topic,
      [deadLetterHeaders.partition]: String(facts.partition),
      [deadLetterHeaders.offset]: String(record.offset),
      [deadLetterHeaders.code]: facts.code,
      [deadLetterHeaders.attempts]: String(facts.attempts)
    }
  }
}

/** How the dead-letter topic is made where it does not exist. */
export interface DeadLetterTopic {
  readonly topic: string
  /** -1: the broker's default. */
  readonly replicationFactor: number
  /** ms; they may hold personal data, so not for ever. */
  readonly retentionMs: number
}

/** A message that a source topic took must fit here too, with its further headers. */
const maxMessageBytes = 4 * 1024 * 1024

/** A dead-letter topic that takes letters one after the other. */
export class DeadLetterWriter {
  readonly #topic: string
  readonly #sender: Sender
  #last: Promise<void> = Promise.resolve()

  private constructor(topic: string, sender: Sender) {
    this.#topic = topic
    this.#sender = sender
  }

  /** Makes the topic (of one partition) if it is missing. @throws KafkaError */
  static async open(
    client: KafkaClient,
    line: AdminLine,
    { topic, replicationFactor, retentionMs }: DeadLetterTopic
  ): Promise<DeadLetterWriter> {
    const config = {
      'cleanup.policy': 'delete',
      'retention.ms': String(retentionMs),
      'max.message.bytes': String(maxMessageBytes)
    }
    await line.ask(admin => admin.createTopics([{ topic, partitions: 1, replicationFactor, config }]))
    return new DeadLetterWriter(topic, await connectSender(client))
  }

  /** Resolves once all in-sync replicas have it. After an error it may be there all the same. @throws SendError */
  write(letter: OutgoingRecord): Promise<void> {
    const written = this.#last.then(() => this.#send(letter))
    this.#last = written.catch(() => undefined)
    return written
  }

  close(): Promise<void> {
    return this.#sender.close()
  }

  async #send(letter: OutgoingRecord): Promise<void> {
    const [result] = await this.#sender.send([{ topic: this.#topic, partition: 0, records: [letter] }])
    if (!result || !('error' in result)) return
    this.#sender.renew()
    throw result.error
  }
}
