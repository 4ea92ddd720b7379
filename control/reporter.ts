import { type Logger, pause, safeError, within } from '../core/index.ts'
import { type AdminLine, type KafkaClient, KafkaError, SendError, type Sender } from '../kafka/index.ts'
import { reportsTopicOf } from './names.ts'
import { encodeReport, type MemberReport } from './report.ts'

export interface ReporterOptions {
  readonly client: KafkaClient
  readonly line: AdminLine
  readonly topicPrefix: string
  /** How the member is now. */
  readonly read: () => MemberReport
  readonly log: Logger
  /** ms between two reports. Default 5,000. */
  readonly everyMs?: number
}

/** ms after which a topic that is missing, or may not be written to, is looked for again. */
const lookAgainMs = 60_000
/** ms for which a report that is on its way may keep the member from closing. */
const closeMs = 2_000

/**
 * Writes every few seconds how a member is. Nothing waits for it and nothing depends on it: a report that does not
 * arrive is not sent again. That the topic is missing or may not be written to is logged once.
 */
export class Reporter {
  readonly #options: ReporterOptions
  readonly #topic: string
  readonly #closing = new AbortController()
  #next = Promise.withResolvers<void>()
  #sender: Sender | undefined
  #notBefore = Number.NEGATIVE_INFINITY
  #saidWhy: string | undefined
  #reporting: Promise<void> | undefined

  constructor(options: ReporterOptions) {
    this.#options = options
    this.#topic = reportsTopicOf(options.topicPrefix)
  }

  start(): void {
    this.#reporting ??= this.#keepReporting()
  }

  /** Reports at once: something has changed that others wait for. */
  now(): void {
    this.#next.resolve()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await within(closeMs, this.#reporting ?? Promise.resolve())
    await this.#sender?.close()
  }

  async #keepReporting(): Promise<void> {
    const { everyMs = 5_000 } = this.#options
    const { signal } = this.#closing
    while (!signal.aborted) {
      this.#next = Promise.withResolvers()
      await this.#report()
      const waiting = new AbortController()
      await Promise.race([pause(everyMs, AbortSignal.any([signal, waiting.signal])), this.#next.promise])
      waiting.abort()
    }
  }

  async #report(): Promise<void> {
    if (performance.now() < this.#notBefore) return
    const { log, read, client } = this.#options
    try {
      const sender = this.#sender ?? (await this.#connect(client))
      if (!sender || this.#closing.signal.aborted) return
      const report = read()
      const record = { key: `${report.group}/${report.member}`, value: encodeReport(report) }
      const [result] = await sender.send([{ topic: this.#topic, partition: 0, records: [record] }])
      if (!result || !('error' in result)) return
      sender.renew()
      throw result.error
    } catch (error) {
      const known = error instanceof SendError || error instanceof KafkaError
      if (known && error.code === 'TOPIC_UNKNOWN') this.#saveEffort('missing')
      else if (known && error.code === 'NOT_AUTHORIZED') this.#saveEffort('refused')
      else log.debug({ topic: this.#topic, err: safeError(error) }, 'a report was not written')
    }
  }

  /** No connection is made for a topic that does not exist. */
  async #connect(client: KafkaClient): Promise<Sender | undefined> {
    const found = await this.#options.line.ask(admin => admin.describeTopics([this.#topic]))
    if (found.length === 0) this.#saveEffort('missing')
    else this.#sender = await client.connectSender()
    return this.#sender
  }

  #saveEffort(why: 'missing' | 'refused'): void {
    this.#notBefore = performance.now() + lookAgainMs
    if (this.#saidWhy === why) return
    this.#saidWhy = why
    const facts = { topic: this.#topic }
    const lacks = '`eventtrail groups show` does not know what this member is doing'
    if (why === 'missing') this.#options.log.info(facts, `there is no topic for reports: ${lacks}`)
    else this.#options.log.warn(facts, `reports may not be written to their topic (WRITE is missing): ${lacks}`)
  }
}
