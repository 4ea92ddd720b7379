import { ControlLine, encodeIdentity, identityOf, Reporter } from '../control/index.ts'
import type { Logger } from '../core/index.ts'
import type { AdminLine, KafkaClient } from '../kafka/index.ts'
import type { Reader } from './intake/index.ts'
import type { GroupStats } from './types.ts'

export interface GroupControlOptions {
  readonly client: KafkaClient
  readonly line: AdminLine
  readonly topicPrefix: string
  readonly groupId: string
  /** Of the service. */
  readonly version: string | undefined
  /** Whether orders are obeyed and reports written. */
  readonly control: boolean
  readonly log: Logger
}

/** What of a member is ordered about and reported. */
export interface Ordered {
  readonly reader: Pick<Reader, 'partitions' | 'order' | 'readStopped' | 'move' | 'longestRunning' | 'stopped'>
  readonly stats: () => GroupStats
  readonly notReady: () => readonly string[]
}

/** Connects a member to those who operate its group: it says who it is, obeys orders and reports its health. */
export class GroupControl {
  readonly #options: GroupControlOptions
  readonly #identity
  #line: ControlLine | undefined
  #reporter: Reporter | undefined

  constructor(options: GroupControlOptions) {
    this.#options = options
    this.#identity = identityOf(options.version)
  }

  /** What the description of the group says of this member. */
  get about(): Buffer {
    return encodeIdentity(this.#identity)
  }

  /** Resolves when it is known what is paused, as far as that can be known. Never rejects. */
  async start({ reader, stats, notReady }: Ordered): Promise<void> {
    if (!this.#options.control) return
    const { client, line, topicPrefix, groupId, log } = this.#options
    const reporter = new Reporter({
      ...{ client, line, topicPrefix, log },
      read: () => {
        const { handled, retried, deadLettered, queued, running } = stats()
        return {
          ...{ group: groupId, member: this.#identity.member, at: new Date(), applied: this.#line?.applied },
          ...{ notReady: notReady(), handled, retried, deadLettered, queued, running },
          longest: reader.longestRunning(),
          stopped: reader.stopped
        }
      }
    })
    this.#reporter = reporter
    this.#line = new ControlLine({
      ...{ client, topicPrefix, groupId, log },
      controlled: reader,
      onApplied: () => reporter.now()
    })
    await this.#line.start()
    reporter.start()
  }

  /** This member was given partitions, and knows where the group is in them. */
  placed(): void {
    this.#line?.placed()
    // Who looks shall not wait for the next report.
    this.#reporter?.now()
  }

  async close(): Promise<void> {
    await Promise.all([this.#line?.close(), this.#reporter?.close()])
  }
}
