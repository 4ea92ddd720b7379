import type { Logger } from '../core/index.ts'
import { safeError } from '../core/index.ts'
import { refusalWords } from '../observability/index.ts'
import { isConnectionRefusal, type KafkaError } from './errors.ts'
import type { AdminLine, TopicLook } from './types/index.ts'

/** Looks that are refused before the first one that is not. */
const mostRefusals = 3
const reportAgainMs = 30_000
const hiddenForMs = 60_000

/**
 * Knows which of the wanted topics exist. A look-up that fails never shrinks the list; a topic that is
 * wanted and does not exist yet is simply not in it.
 */
export class TopicWatch {
  readonly #line: AdminLine
  readonly #wanted: () => Promise<readonly string[]>
  readonly #log: Logger
  readonly #onReach: (reached: boolean, why?: string) => void
  readonly #onLook: (look: TopicLook) => void
  #hidden: { readonly of: string; readonly topics: readonly string[]; readonly until: number } | undefined
  #current: readonly string[] = []
  #looking: Promise<void> | undefined
  #failingSince: number | undefined
  #reportedAt = Number.NEGATIVE_INFINITY
  #wasReached = false
  #refused: KafkaError | undefined
  #refusals = 0

  /**
   * @param onReach called with whether Kafka answered, and with what it said where it refused
   * @param onLook called after each look that succeeded
   */
  constructor(
    line: AdminLine,
    wanted: () => Promise<readonly string[]>,
    log: Logger,
    onReach: (reached: boolean, why?: string) => void = () => undefined,
    onLook: (look: TopicLook) => void = () => undefined
  ) {
    this.#line = line
    this.#wanted = wanted
    this.#log = log
    this.#onReach = onReach
    this.#onLook = onLook
  }

  /** The list as of the last look that succeeded, sorted. */
  get current(): readonly string[] {
    return this.#current
  }

  /** Why Kafka lets nothing in at the moment, though it answers. */
  get refused(): KafkaError | undefined {
    return this.#refused
  }

  /**
   * The same once it is hopeless: Kafka has refused several times and never let anything in. A certificate or a password
   * that is replaced while the process runs is waited for.
   */
  get hopeless(): KafkaError | undefined {
    return !this.#wasReached && this.#refusals >= mostRefusals ? this.#refused : undefined
  }

  /** A look that is under way serves the next one too. */
  async look(signal: AbortSignal): Promise<readonly string[]> {
    if (signal.aborted) return this.#current
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    await this.#looking
    return this.#current
  }

  async #look(): Promise<void> {
    try {
      const wanted = [...new Set(await this.#wanted())]
      const existing = await this.#existing()
      const absent = wanted.filter(topic => !existing.has(topic)).sort()
      const hidden = new Set(absent.length > 0 ? await this.#hiddenOf(absent) : [])
      this.#current = wanted.filter(topic => existing.has(topic)).sort()
      const missing = absent.filter(topic => !hidden.has(topic))
      const ids = this.#current.flatMap(topic => {
        const id = existing.get(topic)
        return id === undefined ? [] : [[topic, id] as const]
      })
      this.#onLook({ existing: this.#current, ids: new Map(ids), missing, hidden: [...hidden] })
      if (this.#failingSince !== undefined)
        this.#log.info({ topics: this.#current.length }, 'topics can be looked up again')
      this.#failingSince = undefined
    } catch (error) {
      this.#report(error)
    }
  }

  // Kafka lists no topic that we may not see: asked by its name it says so.
  async #hiddenOf(absent: readonly string[]): Promise<readonly string[]> {
    const of = absent.join()
    const now = performance.now()
    if (this.#hidden?.of !== of || this.#hidden.until < now) {
      const topics = await this.#line.ask(admin => admin.hiddenTopics(absent))
      this.#hidden = { of, topics, until: now + hiddenForMs }
    }
    return this.#hidden.topics
  }

  async #existing(): Promise<ReadonlyMap<string, string | undefined>> {
    try {
      const existing = await this.#line.ask(admin => admin.allTopicIds())
      this.#onReach(true)
      this.#wasReached = true
      this.#refusals = 0
      this.#refused = undefined
      return existing
    } catch (error) {
      this.#onReach(false, refusalWords(error))
      this.#refused = isConnectionRefusal(error) ? error : undefined
      this.#refusals = this.#refused === undefined ? 0 : this.#refusals + 1
      throw error
    }
  }

  // Once at the start of an outage and then now and again: a process that only waits must say so.
  #report(error: unknown): void {
    const now = performance.now()
    this.#failingSince ??= now
    if (now - this.#reportedAt < reportAgainMs) return
    this.#reportedAt = now
    const forMs = Math.round(now - this.#failingSince)
    this.#log.warn(
      { err: safeError(error), forMs },
      'topics cannot be looked up, the list stays as it was; it is tried again'
    )
  }

  close(): Promise<void> {
    return this.#line.close()
  }
}
