import type { StoppedTopic } from '../../control/index.ts'
import type { Logger } from '../../core/index.ts'
import type { ResolvedBreaker } from '../breaker-options.ts'
import type { Message, Outcome } from '../pipeline/index.ts'
import type { CurrentAssignment } from '../progress/index.ts'
import { Breaker } from './breaker.ts'
import type { Gate } from './gate.ts'

export interface TopicBreakersOptions {
  /** False: no topic is ever stopped. */
  readonly breaker: ResolvedBreaker
  readonly assignment: CurrentAssignment
  readonly gate: Pick<Gate, 'hold' | 'stop' | 'lift'>
  readonly log: Logger
}

/** Stops topics of which most messages fail, and finds out by single ones when they can be read again. */
export class TopicBreakers {
  readonly #options: TopicBreakersOptions
  readonly #breakers = new Map<string, Breaker>()
  /** The message that is being tried, by its topic. */
  readonly #probes = new Map<string, Message>()
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(options: TopicBreakersOptions) {
    this.#options = options
  }

  /** Topics that are not read, or of which single messages are tried. */
  get stopped(): readonly StoppedTopic[] {
    return [...this.#breakers]
      .filter(([, { state }]) => state !== 'closed')
      .map(([topic, { counts }]) => ({ topic, ...counts }))
  }

  /** How many messages of the topic may be taken now. */
  room(topic: string): number {
    const state = this.#breakers.get(topic)?.state ?? 'closed'
    if (state === 'closed') return Number.POSITIVE_INFINITY
    return state === 'half open' && !this.#probes.has(topic) ? 1 : 0
  }

  /** A message was taken: of a topic of which single ones are tried no further one is, until it has ended. */
  taken(message: Message): void {
    const { topic } = message.source
    if (this.room(topic) > 1) return
    this.#probes.set(topic, message)
    this.apply()
  }

  /** A message that was started has ended. */
  ended(message: Message, outcome: Outcome): void {
    const { topic } = message.source
    const isProbe = this.#probes.get(topic) === message
    if (isProbe) this.#probes.delete(topic)
    const breaker = this.#of(topic)
    if (!breaker) return
    // What was parked, passed or left never came to its handler; what ran when the topic was stopped says nothing about now.
    const wasTried = outcome === 'handled' || outcome === 'dead-lettered'
    const counts = wasTried && (isProbe || breaker.state === 'closed')
    const hasChanged = counts && breaker.ended(outcome === 'dead-lettered')
    if (hasChanged) this.#changed(topic, breaker)
    if (hasChanged || isProbe) this.apply()
  }

  /** A message was forgotten before it was started. */
  forgotten(message: Message): void {
    if (this.#probes.get(message.source.topic) === message) this.#probes.delete(message.source.topic)
  }

  /** Reads stopped topics as before. */
  close(isMeant: (topic: string) => boolean): void {
    for (const [topic, breaker] of this.#breakers) {
      if (breaker.state === 'closed' || !isMeant(topic)) continue
      breaker.close()
      this.#changed(topic, breaker)
    }
    this.apply()
  }

  /** Makes it so in the partitions of now. */
  apply(): void {
    const { assignment, gate } = this.#options
    for (const source of assignment.all) {
      const state = this.#breakers.get(source.topic)?.state ?? 'closed'
      if (this.room(source.topic) > 0) gate.lift(source, 'breaker')
      else if (state === 'open') gate.stop(source, 'breaker')
      else gate.hold(source, 'breaker')
    }
  }

  /** Tries nothing more. */
  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  #of(topic: string): Breaker | undefined {
    const { breaker: options } = this.#options
    if (options === false) return undefined
    const known = this.#breakers.get(topic)
    if (known) return known
    const made = new Breaker(options)
    this.#breakers.set(topic, made)
    return made
  }

  #changed(topic: string, breaker: Breaker): void {
    const { breaker: options, log } = this.#options
    clearTimeout(this.#timers.get(topic))
    this.#timers.delete(topic)
    if (breaker.state === 'closed') log.info({ topic }, 'a stopped topic is read again')
    if (breaker.state === 'closed' || options === false) return
    const { probeAfterMs } = options
    log.error(
      { topic, ...breaker.counts, probeAfterMs },
      'most of the latest messages of a topic became dead letters: it is stopped, and single messages are tried later'
    )
    const timer = setTimeout(() => {
      this.#timers.delete(topic)
      breaker.probe()
      this.apply()
    }, probeAfterMs)
    this.#timers.set(topic, timer.unref())
  }
}
