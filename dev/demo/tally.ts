import type { Receipt } from '../../producers/index.ts'
import type { SchoolEvent } from './day/index.ts'
import { below, randomFrom } from './day/index.ts'

/** An event that was published, as the trail must have it. */
export interface Sampled {
  readonly id: string
  readonly version: number
  readonly event: SchoolEvent
}

const sampleSize = 100

/** Counts what was acknowledged, from which follows what must come out at the other ends. */
export class Tally {
  readonly #wantsMail: (student: number) => boolean
  readonly #late: number | undefined
  readonly #random = randomFrom('sample')
  /** Events that Kafka has acknowledged. */
  published = 0
  /** Mails that must arrive. */
  mails = 0
  /** Events about the student who is enrolled late: each becomes a dead letter of the notifier. */
  letters = 0
  /** Sum of all marks in tenths, so that it stays exact. */
  tenths = 0
  /** `lesson.published 2` → count. */
  readonly versions = new Map<string, number>()
  /** Who did it → events. */
  readonly actors = new Map<string, number>()
  /** What lessons are about → lessons that a search for it must find. */
  readonly topics = new Map<string, number>()
  /** Some events, any of them as likely as another, to be compared field by field. */
  readonly sample: Sampled[] = []
  /** Number of the student that the last event was about. */
  student = 0

  /** @param late number of the student who is enrolled late */
  constructor(wantsMail: (student: number) => boolean, late?: number) {
    this.#wantsMail = wantsMail
    this.#late = late
  }

  add(event: SchoolEvent, { id, schemaVersion }: Receipt): void {
    this.published += 1
    increment(this.versions, `${event.eventName} ${schemaVersion}`)
    increment(this.actors, event.actor)
    if (event.topic) increment(this.topics, event.topic)
    if (event.student !== undefined) {
      this.student = event.student
      if (this.#wantsMail(event.student)) this.mails += 1
      if (event.student === this.#late) this.letters += 1
    }
    if (event.eventName === 'quiz.submitted') this.tenths += Math.round(event.payload.score_raw * 10)
    const place = this.published <= sampleSize ? this.published - 1 : below(this.published, this.#random())
    if (place < sampleSize) this.sample[place] = { id, version: schemaVersion, event }
  }

  /** Lessons, with a title or without. */
  get lessons(): number {
    return [...this.versions].reduce((sum, [name, count]) => (name.startsWith('lesson.') ? sum + count : sum), 0)
  }

  get badges(): number {
    return [...this.versions].reduce((sum, [name, count]) => (name.startsWith('badge.') ? sum + count : sum), 0)
  }

  /** What most lessons are about. */
  get favourite(): { readonly topic: string; readonly lessons: number } {
    const [topic, lessons] = [...this.topics].reduce((best, each) => (each[1] > best[1] ? each : best), ['', 0])
    return { topic, lessons }
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
