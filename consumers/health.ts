import { type LifecycleState, notRunning } from '../core/index.ts'
import type { AdminLine, Vitals } from '../kafka/index.ts'
import { memberHealth, type PartitionTrouble } from '../kafka/index.ts'
import { type Health, Reach } from '../observability/index.ts'

/** What of a member is looked at from outside. */
export interface HealthParts {
  readonly vitals: Pick<Vitals, 'awayMs' | 'dead'> & Partial<Pick<Vitals, 'obstacle'>>
  /** Partitions that Kafka does not let this member read. */
  readonly troubles: readonly PartitionTrouble[]
  /** Whether its topics were looked up, and none is there. */
  readonly readsNothing: boolean
}

/** Whether the servers of a group can be reached. What its handlers need is their service's to know. */
export class GroupHealth {
  readonly kafka: Reach
  readonly registry: Reach

  constructor({ line, pingRegistry }: { line: AdminLine; pingRegistry: () => Promise<unknown> }) {
    this.kafka = new Reach({ name: 'Kafka', probe: () => line.ask(admin => admin.ping()) })
    this.registry = new Reach({ name: 'the registry', probe: pingRegistry })
  }

  /**
   * Nothing is asked before this was called for the first time.
   * @param unwritten names of the faults for which dead letters cannot be written
   */
  read(
    state: LifecycleState,
    { vitals, troubles, readsNothing }: HealthParts,
    unwritten: ReadonlySet<string> = new Set()
  ): Health {
    const { notReady, dead } = memberHealth(vitals, this.kafka, troubles)
    if (state !== 'running') return { notReady: notRunning[state], dead }
    this.kafka.watch()
    this.registry.watch()
    const waiting = [...unwritten].map(fault => `dead letters cannot be written (${fault}); their partitions wait`)
    const nothing = readsNothing ? ['it reads nothing: none of its topics can be read in Kafka'] : []
    return { notReady: [...notReady, ...this.registry.reasons, ...waiting, ...nothing], dead }
  }

  close(): void {
    this.kafka.close()
    this.registry.close()
  }
}
