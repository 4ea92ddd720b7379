import { type LifecycleState, notRunning } from '../core/index.ts'
import type { AdminLine, Vitals } from '../kafka/index.ts'
import { memberHealth, type PartitionTrouble } from '../kafka/index.ts'
import { type Health, Reach } from '../observability/index.ts'
import type { Pool } from '../postgres/index.ts'
import type { Registry } from '../schemas/index.ts'
import type { SchemaBook } from '../trail/index.ts'
import type { AssignedPositions, TopicReport } from './intake/index.ts'
import type { WriteQueues } from './write/index.ts'

/** What of a sink is looked at from outside. */
export interface SinkView {
  readonly vitals: Pick<Vitals, 'awayMs' | 'idleMs' | 'dead'> & Partial<Pick<Vitals, 'obstacle'>>
  /** Partitions that Kafka does not let this sink read. */
  readonly troubles: () => readonly PartitionTrouble[]
  readonly positions: Pick<AssignedPositions, 'assigned' | 'halted'>
  readonly queues: Pick<WriteQueues, 'pendingRows' | 'waitingMs' | 'failures'>
  readonly book: Pick<SchemaBook, 'waiting'>
  readonly topics: Pick<TopicReport, 'reasons' | 'readings'>
  /** Why events wait that the table of the trail does not take. */
  readonly tableProblems: () => readonly string[]
}

/** From then on it is no hiccup. */
const failuresThatCount = 3
const probeMs = 3_000

/** Whether the servers of a sink can be reached, and what else keeps it from its work. */
export class SinkHealth {
  readonly kafka: Reach
  readonly postgres: Reach
  readonly registry: Reach

  constructor({ line, pool, registry }: { line: AdminLine; pool: Pool; registry: () => Registry }) {
    this.kafka = new Reach({ name: 'Kafka', probe: () => line.ask(admin => admin.ping()) })
    // With a bound of its own: a session that is half-dead gives its place in the pool to one that lives.
    const select = { text: 'SELECT 1', query_timeout: probeMs }
    this.postgres = new Reach({ name: 'Postgres', probe: () => pool.query(select), timeoutMs: probeMs })
    this.registry = new Reach({ name: 'the registry', probe: () => registry().ping() })
  }

  /** Nothing is asked before this was called for the first time. */
  read(state: LifecycleState, view: SinkView): Health {
    const { vitals, queues, book, topics, troubles, tableProblems, positions } = view
    const { halted } = positions
    const member = memberHealth(vitals, this.kafka, troubles())
    if (state !== 'running') return { notReady: notRunning[state], dead: member.dead }
    for (const server of this.#servers) server.watch()
    const refused = this.postgres.reached && queues.failures >= failuresThatCount
    return {
      dead: member.dead,
      notReady: [
        ...member.notReady,
        ...this.postgres.reasons,
        ...this.registry.reasons,
        // Where the registry does not answer at all, that is said already.
        ...(this.registry.reached ? book.waiting : []),
        ...topics.reasons,
        ...tableProblems(),
        ...(refused ? ['Postgres takes no rows: writes are retried'] : []),
        ...(halted > 0
          ? [`${halted} ${halted === 1 ? 'partition' : 'partitions'} stopped: eventtrail doctor says why`]
          : [])
      ]
    }
  }

  close(): void {
    for (const server of this.#servers) server.close()
  }

  get #servers(): readonly Reach[] {
    return [this.kafka, this.postgres, this.registry]
  }
}
