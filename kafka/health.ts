import { type LifeView, notRunning } from '../core/index.ts'
import { type Health, Reach } from '../observability/index.ts'
import type { AdminLine, PartitionTrouble, Vitals } from './types/index.ts'
import { troublesInWords } from './unserved.ts'

/** ms for which a member that had partitions may be without: a rebuild for a new topic takes a second or two. */
const graceMs = 10_000

/** What of a member of a consumer group is looked at from outside. */
export interface MemberView {
  readonly vitals: Pick<Vitals, 'awayMs' | 'dead'> & Partial<Pick<Vitals, 'obstacle'>>
  /** Partitions that Kafka does not let this member read. */
  readonly troubles: readonly PartitionTrouble[]
}

/**
 * How a member of a consumer group is: its servers, and whether it has partitions. One that waits for topics, or has no
 * partition to read, is well.
 */
export class MemberHealth {
  readonly kafka: Reach
  readonly #others: readonly Reach[]

  /** @param others further servers that it needs */
  constructor(line: AdminLine, others: readonly Reach[]) {
    this.kafka = new Reach({ name: 'Kafka', probe: () => line.ask(admin => admin.ping()) })
    this.#others = others
  }

  /**
   * No server is asked before this was called for the first time.
   * @param more what else keeps it from its work; only asked while it runs
   */
  read(life: LifeView, { vitals, troubles }: MemberView, more: () => readonly string[]): Health {
    const dead = vitals.dead ? ['the Kafka consumer loop is stuck'] : []
    if (life.state !== 'running') return { notReady: notRunning(life), dead }
    for (const server of [this.kafka, ...this.#others]) server.watch()
    const { obstacle, awayMs } = vitals
    const away = obstacle !== undefined ? [obstacle] : awayMs > graceMs ? ['no partitions yet'] : []
    const others = this.#others.flatMap(({ reasons }) => reasons)
    return { notReady: [...this.kafka.reasons, ...away, ...troublesInWords(troubles), ...others, ...more()], dead }
  }

  close(): void {
    for (const server of [this.kafka, ...this.#others]) server.close()
  }
}
