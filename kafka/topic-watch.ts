import { safeError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import { connectAdmin, type KafkaAdmin } from './admin.ts'
import type { KafkaClient } from './client.ts'

const tellAgainMs = 30_000

/**
 * Knows which of the wanted topics exist. A look-up that fails never shrinks the list; a topic that is
 * wanted and does not exist yet is simply not in it.
 */
export class TopicWatch {
  readonly #client: KafkaClient
  readonly #wanted: () => Promise<readonly string[]>
  readonly #log: Logger
  #admin: KafkaAdmin | undefined
  #current: readonly string[] = []
  #failingSince: number | undefined
  #toldAt = 0

  constructor(client: KafkaClient, wanted: () => Promise<readonly string[]>, log: Logger) {
    this.#client = client
    this.#wanted = wanted
    this.#log = log
  }

  /** The list as of the last look that succeeded, sorted. */
  get current(): readonly string[] {
    return this.#current
  }

  async look(signal: AbortSignal): Promise<readonly string[]> {
    if (signal.aborted) return this.#current
    try {
      const wanted = await this.#wanted()
      this.#admin ??= await connectAdmin(this.#client)
      const existing = await this.#admin.topics()
      this.#current = [...new Set(wanted)].filter(topic => existing.has(topic)).sort()
      if (this.#failingSince !== undefined)
        this.#log.info({ topics: this.#current.length }, 'topics can be looked up again')
      this.#failingSince = undefined
    } catch (error) {
      this.#tell(error)
      await this.close()
    }
    return this.#current
  }

  // Once at the start of an outage and then now and again: a process that only waits must say so.
  #tell(error: unknown): void {
    const now = Date.now()
    this.#failingSince ??= now
    if (now - this.#toldAt < tellAgainMs) return
    this.#toldAt = now
    const forMs = now - this.#failingSince
    this.#log.warn(
      { err: safeError(error), forMs },
      'topics cannot be looked up, the list stays as it was; it is tried again'
    )
  }

  async close(): Promise<void> {
    const admin = this.#admin
    this.#admin = undefined
    await admin?.close().catch(() => undefined)
  }
}
