import { few, type LifeView, type Logger } from '../core/index.ts'
import { type AdminLine, MemberHealth, type MemberView } from '../kafka/index.ts'
import { type Health, Reach } from '../observability/index.ts'

/** What of a group is looked at from outside. */
export interface HealthParts extends MemberView {
  /** Which of its topics Kafka has. */
  readonly known: { readonly hidden: readonly string[]; readonly isNone: boolean }
}

/** Whether the servers of a group can be reached. What its handlers need is their service's to know. */
export class GroupHealth {
  readonly registry: Reach
  readonly #member: MemberHealth

  constructor({ line, pingRegistry, log }: { line: AdminLine; pingRegistry: () => Promise<unknown>; log?: Logger }) {
    this.registry = new Reach({ name: 'the registry', probe: pingRegistry, ...(log && { log }) })
    this.#member = new MemberHealth(line, [this.registry])
  }

  get kafka(): Reach {
    return this.#member.kafka
  }

  /**
   * No server is asked before this was called for the first time.
   * @param unwritten names of the faults for which dead letters cannot be written
   */
  read(life: LifeView, parts: HealthParts, unwritten: ReadonlySet<string> = new Set()): Health {
    return this.#member.read(life, parts, () => [
      ...[...unwritten].map(fault => `dead letters cannot be written (${fault}); their partitions wait`),
      ...(parts.known.hidden.length > 0 ? [`Kafka does not let it see topics: ${few(parts.known.hidden)}`] : []),
      ...(parts.known.isNone ? ['it reads nothing: none of its topics can be read in Kafka'] : [])
    ])
  }

  close(): void {
    this.#member.close()
  }
}
