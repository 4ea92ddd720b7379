import { type Clock, machineClock, mapConcurrently } from '../../core/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { eventNamePattern, type RegisteredSchema, type Registry, RegistryError } from '../../schemas/index.ts'
import { forgottenTopics, topicsOfTrail } from '../../trail/index.ts'
import { LookBudget } from './look-budget.ts'
import { lookAtSubject, type SubjectLook } from './subject-look.ts'

export interface DiscoveryOptions {
  readonly registry: Registry
  /** The database of the trail. Default: none, the registry alone is asked. */
  readonly pool?: Pool
  /** Consumer group of the sink, with the prefix. */
  readonly group: string
  readonly topicPrefix: string
  /** Only these event names. Default: every event that the registry or the trail knows. */
  readonly eventNames?: readonly string[] | undefined
  /** What was heard of a subject on the way: its latest schema. Waited for, so that there are never many at once. */
  readonly onSchema?: (subject: string, eventName: string, schema: RegisteredSchema) => Promise<void>
  /** Continues with the registry alone where the trail cannot be asked. Default false: it may know more than the registry. */
  readonly isTrailOptional?: boolean
  readonly clock?: Clock
  /** Looks at subjects at once, and a second from then on. Default 5,000 and 10. */
  readonly budget?: { readonly burst: number; readonly perSecond: number }
}

/** What has to be said of the events that are known, besides which are read. Topics are with the prefix. */
export interface Discovered {
  /** Of the trail, whose subject the registry does not have any more; they are read. */
  readonly gone: readonly string[]
  /** Whose subject looks like an event's, or whose latest version is no envelope of it: topic and fault. */
  readonly almost: ReadonlyMap<string, string>
  /** Taken out by `eventtrail sink forget`. */
  readonly forgotten: readonly string[]
  /** How many there are beyond what a sink reads. */
  readonly beyond: number
  /** False where the registry has more subjects than it gives. */
  readonly isWhole: boolean
}

const hourMs = 3_600_000
const almostForMs = 30_000
const trailForMs = 30_000
const lookUpsAtOnce = 8
/** ms for each question beyond the first that a list of subjects took, until it is asked for again. */
const msPerQuestion = 1_000

/** Events that one sink reads at most. */
export const maxEvents = 5_000

interface Candidate {
  readonly subject: string
  readonly topic: string
  readonly name: string
}

interface Looked {
  readonly look: SubjectLook
  readonly until: number
}

/**
 * Says which topics are ours: those whose subject has a version that is our envelope, and those that the trail has read
 * before, but for the ones that an operator took out. So an event name that the sink was not configured with is in the trail from
 * its first event, and what is done to a subject later silences nothing.
 */
export class Discovery {
  readonly #options: DiscoveryOptions
  readonly #clock: Clock
  readonly #budget: LookBudget
  readonly #eventNames = new Map<string, string>()
  readonly #looked = new Map<string, Looked>()
  #trail: ReadonlySet<string> = new Set()
  #trailUntil = Number.NEGATIVE_INFINITY
  #forgotten: ReadonlySet<string> = new Set()
  #subjects: ReadonlySet<string> | undefined
  /** Those of them that may be of an event, by their names. */
  #candidates: readonly Candidate[] = []
  #isWhole = true
  #listAt = Number.NEGATIVE_INFINITY
  readonly #beyond = new Map<string, string>()
  #relooking: Promise<void> | undefined

  constructor(options: DiscoveryOptions) {
    this.#options = options
    this.#clock = options.clock ?? machineClock
    const { burst, perSecond } = options.budget ?? { burst: maxEvents, perSecond: 10 }
    this.#budget = new LookBudget(burst, perSecond, this.#clock.monotonic())
    for (const name of options.eventNames ?? []) this.#eventNames.set(options.topicPrefix + name, name)
  }

  /** The event name of a topic that {@link topics} returned. */
  eventNameOf(topic: string): string | undefined {
    return this.#eventNames.get(topic)
  }

  /**
   * All topics that are ours, whether they exist in Kafka or not.
   * @param isFresh asks the registry now, also where that costs much
   * @throws RegistryError when nothing is known at all; a database error before the trail has answered once
   */
  async topics(isFresh = false): Promise<string[]> {
    if (this.#options.eventNames) return [...this.#eventNames.keys()]
    await this.#askTrail()
    for (const [topic, name] of this.#beyond) this.#add(topic, name)
    try {
      await this.#askRegistry(isFresh)
    } catch (error) {
      if (!(error instanceof RegistryError) || this.#eventNames.size === 0) throw error
    }
    return [...this.#eventNames.keys()].filter(topic => !this.#forgotten.has(topic))
  }

  get discovered(): Discovered {
    const { topicPrefix } = this.#options
    const known = [...this.#eventNames.keys()].filter(topic => !this.#forgotten.has(topic))
    const isGone = (topic: string) => {
      const subject = `${topic}-value`
      return !this.#subjects?.has(subject) || this.#looked.get(subject)?.look.kind === 'gone'
    }
    const almost = [...this.#looked].flatMap(([subject, { look }]) => {
      const fault =
        'fault' in look && look.fault !== undefined
          ? faultInWords(subject, look.fault, look.kind === 'ours')
          : undefined
      const topic = subject.slice(0, -'-value'.length)
      return fault === undefined || this.#forgotten.has(topic) ? [] : [[topic, fault] as const]
    })
    return {
      gone: this.#subjects && this.#isWhole && !this.#options.eventNames ? known.filter(isGone) : [],
      almost: new Map(almost),
      forgotten: [...this.#forgotten].filter(topic => topic.startsWith(topicPrefix)),
      beyond: this.#beyond.size,
      isWhole: this.#isWhole
    }
  }

  /** Resolves when the subjects of what is read already were looked at too. */
  async relooked(): Promise<void> {
    await this.#relooking
  }

  async #askTrail(): Promise<void> {
    const { pool, group, topicPrefix } = this.#options
    if (!pool) return
    const now = this.#clock.monotonic()
    const isFirst = this.#trailUntil === Number.NEGATIVE_INFINITY
    try {
      if (this.#trailUntil > now) {
        this.#forgotten = await forgottenTopics(pool, group)
        return
      }
      const { read, forgotten } = await topicsOfTrail(pool, group, topicPrefix)
      this.#trailUntil = now + trailForMs
      this.#trail = new Set(read.keys())
      this.#forgotten = forgotten
      for (const [topic, name] of read) this.#add(topic, name)
    } catch (error) {
      // What is known already continues without Postgres.
      if (isFirst && !this.#options.isTrailOptional) throw error
    }
  }

  #add(topic: string, name: string): void {
    if (this.#eventNames.has(topic)) return
    // What an operator took out makes room.
    let read = this.#eventNames.size
    for (const out of this.#forgotten) if (this.#eventNames.has(out)) read -= 1
    if (read < maxEvents || this.#forgotten.has(topic)) {
      this.#eventNames.set(topic, name)
      this.#beyond.delete(topic)
    } else this.#beyond.set(topic, name)
  }

  async #askRegistry(isFresh: boolean): Promise<void> {
    const now = this.#clock.monotonic()
    if (isFresh || now >= this.#listAt) await this.#list()
    const due = this.#candidates.filter(({ subject }) => (this.#looked.get(subject)?.until ?? 0) <= now)
    const isNew = ({ subject, topic }: Candidate) => !this.#looked.has(subject) && !this.#trail.has(topic)
    const fresh = due.filter(isNew)
    await this.#lookAt(fresh.slice(0, this.#budget.take(fresh.length, now)))
    // What is read already waits for nothing of this.
    const rest = due.filter(each => !isNew(each))
    this.#relooking ??= this.#lookAt(rest.slice(0, this.#budget.take(rest.length, now)))
      .catch(() => undefined)
      .finally(() => {
        this.#relooking = undefined
      })
  }

  async #list(): Promise<void> {
    const { names, isComplete, questions } = await this.#options.registry.subjects()
    this.#listAt = this.#clock.monotonic() + (questions - 1) * msPerQuestion
    this.#isWhole = isComplete
    this.#subjects = new Set(names)
    this.#candidates = names.flatMap(subject => {
      const name = this.#nameIn(subject)
      return name === undefined ? [] : [{ subject, name, topic: this.#options.topicPrefix + name }]
    })
    // A subject that was deleted is new when it comes again.
    for (const subject of this.#looked.keys()) if (!this.#subjects.has(subject)) this.#looked.delete(subject)
  }

  /** The event that the subject would be of, by its name alone: nothing else costs a question. */
  #nameIn(subject: string): string | undefined {
    const { topicPrefix } = this.#options
    if (!subject.startsWith(topicPrefix) || !subject.endsWith('-value')) return undefined
    const name = subject.slice(topicPrefix.length, -'-value'.length)
    return eventNamePattern.test(name) ? name : undefined
  }

  async #lookAt(candidates: readonly Candidate[]): Promise<void> {
    const { registry, onSchema } = this.#options
    await mapConcurrently(candidates, lookUpsAtOnce, async ({ subject, topic, name }) => {
      const look = await lookAtSubject(registry, subject, name)
      // Not all at once in an hour either.
      const forMs = look.kind === 'almost' ? almostForMs : hourMs * (0.5 + this.#clock.random())
      this.#looked.set(subject, { look, until: this.#clock.monotonic() + forMs })
      if (look.kind !== 'ours') return
      this.#add(topic, name)
      if (look.latest) await onSchema?.(subject, name, look.latest)
    })
  }
}

/** What a latest schema that is no envelope means for the records of its topic, and what to do about it. */
function faultInWords(subject: string, fault: string, hasEnvelopes: boolean): string {
  const latest = `the latest schema of ${subject} ${fault}: records written with it are not stored as events`
  return hasEnvelopes
    ? `${latest}, those of its older versions are. Delete that version from the registry, and let its producer use another subject`
    : `${latest}. Register the event with \`eventtrail schemas register\`, under another name where that is refused`
}
