import { few, type LifeView, type Logger } from '../core/index.ts'
import { type AdminLine, MemberHealth, type MemberView } from '../kafka/index.ts'
import { type Health, Reach } from '../observability/index.ts'

/** What of a group is looked at from outside. */
export interface HealthParts extends MemberView {
  /** Which of its topics Kafka has. */
  readonly known: { readonly hidden: readonly string[]; readonly isNone: boolean }
  /** Topics that are not read, because most of their latest messages became dead letters. */
  readonly stopped: readonly { readonly topic: string; readonly messages: number; readonly failed: number }[]
  /** Handlers that have been running for long. */
  readonly hanging: readonly {
    readonly topic: string
    readonly partition: number
    readonly offset: number
    readonly forMs: number
  }[]
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
      ...parts.stopped.map(
        ({ topic, messages, failed }) =>
          `topic ${topic} is stopped: ${failed} of its latest ${messages} messages became dead letters; single messages are tried, and \`resume\` reads all again`
      ),
      ...hangingInWords(parts.hanging),
      ...(parts.known.isNone ? ['it reads nothing: none of its topics can be read in Kafka'] : [])
    ])
  }

  close(): void {
    this.#member.close()
  }
}

/** The one that has been running for longest, and how many others there are: each text is to say what to look at. */
function hangingInWords(hanging: HealthParts['hanging']): string[] {
  const [longest] = hanging
  if (!longest) return []
  const { topic, partition, offset, forMs } = longest
  const others = hanging.length > 1 ? `, and ${hanging.length - 1} more` : ''
  return [`a handler has been running for ${Math.round(forMs / 1_000)} s: ${topic}/${partition}@${offset}${others}`]
}
