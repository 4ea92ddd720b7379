import { counted, type LifeView, type Logger } from '../core/index.ts'
import { type AdminLine, MemberHealth, type MemberView, type Vitals } from '../kafka/index.ts'
import { type Health, Reach } from '../observability/index.ts'
import type { Pool } from '../postgres/index.ts'
import type { Registry } from '../schemas/index.ts'
import type { SchemaBook } from '../trail/index.ts'
import type { AssignedPositions, TopicReport } from './intake/index.ts'
import type { WriteQueues } from './write/index.ts'

/** What of a sink is looked at from outside. */
export interface SinkView {
  readonly vitals: MemberView['vitals'] & Pick<Vitals, 'idleMs'>
  /** Partitions that Kafka does not let this sink read. */
  readonly troubles: () => MemberView['troubles']
  readonly positions: Pick<AssignedPositions, 'assigned' | 'halted'>
  readonly queues: Pick<WriteQueues, 'pendingRows' | 'waitingMs' | 'failures'>
  readonly book: Pick<SchemaBook, 'waiting'>
  readonly topics: Pick<TopicReport, 'reasons' | 'readings'>
  /** Why events wait that the table of the trail does not take. */
  readonly tableProblems: () => readonly string[]
}

/** Failures of writes in a row from which on the sink is not ready. */
const failuresThatCount = 3
const probeMs = 3_000

/** Whether the servers of a sink can be reached, and what else keeps it from its work. */
export class SinkHealth {
  readonly postgres: Reach
  readonly registry: Reach
  readonly #member: MemberHealth

  constructor({ line, pool, registry, log }: { line: AdminLine; pool: Pool; registry: () => Registry; log?: Logger }) {
    // With a bound of its own: a session that is half-dead gives its place in the pool to one that lives.
    const select = { text: 'SELECT 1', query_timeout: probeMs }
    this.postgres = new Reach({ name: 'Postgres', probe: () => pool.query(select), timeoutMs: probeMs })
    this.registry = new Reach({ name: 'the registry', probe: () => registry().ping(), ...(log && { log }) })
    this.#member = new MemberHealth(line, [this.postgres, this.registry])
  }

  get kafka(): Reach {
    return this.#member.kafka
  }

  /** No server is asked before this was called for the first time. */
  read(life: LifeView, view: SinkView): Health {
    const { vitals, queues, book, topics, troubles, tableProblems, positions } = view
    const { halted } = positions
    return this.#member.read(life, { vitals, troubles: troubles() }, () => [
      // Where the registry does not answer at all, that is said already.
      ...(this.registry.reached ? book.waiting : []),
      ...topics.reasons,
      ...tableProblems(),
      ...(this.postgres.reached && queues.failures >= failuresThatCount
        ? ['Postgres takes no rows: writes are retried']
        : []),
      ...(halted > 0 ? [`${counted(halted, 'partition')} halted: eventtrail doctor says why`] : [])
    ])
  }

  close(): void {
    this.#member.close()
  }
}
