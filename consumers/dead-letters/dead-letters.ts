import {
  type AdminLine,
  type KafkaClient,
  KafkaError,
  type KafkaRecord,
  type Operation,
  SendError,
  type Sender,
  type TopicSpec
} from '../../kafka/index.ts'
import { barestDeadLetter, type DeadLetter, type DeadLetterFacts, deadLettersOf, type Part } from './dead-letter.ts'

/** The name of a group's dead-letter topic. */
export const deadLetterTopicOf = (topicPrefix: string, group: string): string => `${topicPrefix}${group}.dead-letters`

/** How the dead-letter topic is created where it does not exist. */
export interface DeadLetterTopic {
  readonly topic: string
  /** What happens to later messages of an aggregate of which one is in there. */
  readonly policy: 'skip' | 'park'
  /** -1: the broker's default. */
  readonly replicationFactor: number
  /** ms; they may hold personal data, so not indefinitely. */
  readonly retentionMs: number
}

/** A message that a source topic took must fit here too, with its further headers. */
const maxMessageBytes = 4 * 1024 * 1024
/** A dead letter that is larger is not tried, whatever the topic takes. */
export const maxDeadLetterBytes = 3.5 * 1024 * 1024

/** A dead-letter topic that takes letters one after the other. */
export class DeadLetterWriter {
  readonly #topic: string
  readonly #sender: Sender
  #last: Promise<unknown> = Promise.resolve()

  private constructor(topic: string, sender: Sender) {
    this.#topic = topic
    this.#sender = sender
  }

  /**
   * Creates the topic (of one partition) if it is missing: only then the right to create it is needed.
   * @throws KafkaError `NOT_AUTHORIZED` where it may not write to the topic, or it is missing and may not be created
   */
  static async open(client: KafkaClient, line: AdminLine, spec: DeadLetterTopic): Promise<DeadLetterWriter> {
    const { topic } = spec
    const topics = await line.ask(admin => admin.topics())
    if (!topics.has(topic)) await createTopic(line, spec)
    try {
      return new DeadLetterWriter(topic, await client.connectSender())
    } catch (error) {
      throw refused(error, 'WRITE', `Kafka does not let this group write to its dead-letter topic ${topic}`, topic)
    }
  }

  /**
   * Writes as much of a message as the topic takes. Resolves once all in-sync replicas have it, to what had to be left
   * out. After an error it may be there anyway.
   * @param barest nothing but where the message came from: for a message that could not be written otherwise
   * @throws SendError
   */
  write(message: KafkaRecord, facts: DeadLetterFacts, { barest = false } = {}): Promise<readonly Part[]> {
    const written = this.#last.then(() =>
      barest ? this.#send(barestDeadLetter(facts)) : this.#sendLargest(deadLettersOf(message, facts))
    )
    this.#last = written.catch(() => undefined)
    return written
  }

  close(): Promise<void> {
    return this.#sender.close()
  }

  async #sendLargest(letters: Iterable<DeadLetter>): Promise<readonly Part[]> {
    let refusal: unknown
    for (const letter of letters) {
      if (letter.bytes > maxDeadLetterBytes) continue
      try {
        return await this.#send(letter)
      } catch (error) {
        if (!(error instanceof SendError && error.code === 'RECORDS_TOO_LARGE')) throw error
        refusal = error
      }
    }
    throw refusal
  }

  async #send({ record, leftOut }: DeadLetter): Promise<readonly Part[]> {
    const [result] = await this.#sender.send([{ topic: this.#topic, partition: 0, records: [record] }])
    if (!result || !('error' in result)) return leftOut
    this.#sender.renew()
    throw result.error
  }
}

/** Settings of a topic that dead letters are written to. */
export const deadLetterConfig = ({ retentionMs }: DeadLetterTopic): TopicSpec['config'] => ({
  'cleanup.policy': 'delete',
  'retention.ms': String(retentionMs),
  'max.message.bytes': String(maxMessageBytes)
})

async function createTopic(line: AdminLine, spec: DeadLetterTopic): Promise<void> {
  const { topic, replicationFactor } = spec
  const config = deadLetterConfig(spec)
  try {
    await line.ask(admin => admin.createTopics([{ topic, partitions: 1, replicationFactor, config }]))
  } catch (error) {
    const words = `Kafka shows this group no dead-letter topic ${topic}, and does not let it create one`
    throw refused(error, 'CREATE', words, topic)
  }
}

/** The same, or in words where a right is missing. A topic on which a client has no right at all looks missing to it. */
function refused(error: unknown, operation: Operation, words: string, topic: string): unknown {
  if (!(error instanceof KafkaError && error.code === 'NOT_AUTHORIZED')) return error
  const todo =
    operation === 'CREATE' ? 'Create it and grant WRITE on it, or grant CREATE and WRITE' : 'Grant WRITE on it'
  const right = { ...error.right, operation, resource: 'topic', name: topic } as const
  return new KafkaError(
    error.code,
    `${words}. ${todo}; \`eventtrail acls\` prints the commands`,
    error,
    error.protocolError,
    { right }
  )
}
