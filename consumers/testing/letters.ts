import type { HeaderList, KafkaRecord, OutgoingRecord } from '../../kafka/index.ts'
import type { EnvelopeOf, EventMap } from '../../schemas/index.ts'
import {
  aggregateOf,
  type DeadLetterFacts,
  deadLettersOf,
  endMarker,
  lastOfParked,
  type OpenLetter,
  type PlannedLetter,
  planOf,
  redriveHeaders,
  redrivenRecord
} from '../dead-letters/index.ts'
import type { TestDeadLetter } from './types.ts'

interface Letter<Events extends EventMap> {
  readonly shown: TestDeadLetter<Events>
  readonly facts: DeadLetterFacts
  /** As it is in the dead-letter topic. */
  readonly record: KafkaRecord
}

/** A record for the redrive topic. */
export interface ToRedrive<Events extends EventMap> {
  readonly record: Omit<KafkaRecord, 'offset' | 'timestamp'>
  /** Undefined for an end marker. */
  readonly envelope: EnvelopeOf<Events> | undefined
}

const topicId = 'test'

/** The dead-letter topic of a test, and an operator who redrives letters of it by the rules of production. */
export class Letters<Events extends EventMap> {
  /** Those that were not redriven, the oldest first. */
  readonly open: TestDeadLetter<Events>[] = []
  /** By offset in the dead-letter topic. */
  readonly #letters = new Map<number, Letter<Events>>()
  /** By aggregate, as {@link aggregateOf} names it: its letter that is the last one by the order of the source. */
  readonly #last = new Map<string, Letter<Events>>()
  #next = 0
  #actions = 0

  add(message: KafkaRecord, facts: DeadLetterFacts, envelope: EnvelopeOf<Events>, timestamp: number): void {
    const [letter] = deadLettersOf(message, facts)
    const record = { ...asRead(letter?.record), offset: this.#next, timestamp }
    const headers: Record<string, string> = {}
    for (const [name, value] of record.headers) if (value !== null) headers[name] = String(value)
    const { code, attempts } = facts
    const shown = { envelope, code, attempts, headers }
    const added = { shown, facts, record }
    this.#letters.set(record.offset, added)
    const aggregate = aggregateName(facts, record.key)
    if (facts.offset >= (this.#last.get(aggregate)?.facts.offset ?? 0)) this.#last.set(aggregate, added)
    this.open.push(shown)
    this.#next += 1
  }

  /**
   * Takes those letters that are chosen, of a parked aggregate all of them.
   * @param underway aggregates of which redriven letters are not finished
   * @returns what the redrive topic gets
   */
  redrive(
    chosen: (letter: TestDeadLetter<Events>) => boolean,
    underway: ReadonlySet<string>
  ): readonly ToRedrive<Events>[] {
    const open = [...this.#letters.values()].map(letter => {
      const known = openLetterOf(letter, chosen(letter.shown))
      return { ...known, isUnderway: underway.has(aggregateOf(known)) }
    })
    // The guard against redrives without end is for operators.
    const { letters } = planOf(open, { logStart: 0, again: true })
    this.#actions += 1
    const sent = letters.map(letter => this.#send(letter))
    const markers = lastOfParked(letters).map(({ offset }) => this.#marker(this.#letters.get(offset) as Letter<Events>))
    for (const { offset, copies } of letters) for (const each of [offset, ...copies]) this.#close(each)
    return [...sent, ...markers]
  }

  /**
   * Gives up those letters that are chosen.
   * @param underway as for {@link redrive}
   * @returns how many, and what the redrive topic gets so that the group releases aggregates that have no letter left
   */
  discard(
    chosen: (letter: TestDeadLetter<Events>) => boolean,
    underway: ReadonlySet<string>
  ): { readonly count: number; readonly markers: readonly ToRedrive<Events>[] } {
    const letters = [...this.#letters.values()].filter(({ shown }) => chosen(shown))
    this.#actions += 1
    for (const { record } of letters) this.#close(record.offset)
    const waiting = new Set([...this.#letters.values()].map(({ facts, record }) => aggregateName(facts, record.key)))
    const parked = letters.filter(({ facts, record }) => facts.policy === 'park' && record.key !== null)
    const drained = [...new Set(parked.map(({ facts, record }) => aggregateName(facts, record.key)))].filter(
      aggregate => !waiting.has(aggregate) && !underway.has(aggregate)
    )
    const markers = drained.map(aggregate => this.#marker(this.#last.get(aggregate) as Letter<Events>))
    return { count: letters.length, markers }
  }

  #marker({ facts, record }: Letter<Events>): ToRedrive<Events> {
    const { group, topic, partition, offset: through } = facts
    const marker = endMarker({ group, topic, partition, key: record.key, through }, this.#actions)
    return { record: asRead(marker), envelope: undefined }
  }

  #send({ offset, redriveCount }: PlannedLetter): ToRedrive<Events> {
    const { record, shown } = this.#letters.get(offset) as Letter<Events>
    const sent = redrivenRecord(record, { topicId, action: this.#actions, redriveCount })
    return { record: asRead(sent), envelope: shown.envelope }
  }

  #close(offset: number): void {
    const letter = this.#letters.get(offset)
    if (!letter) return
    this.#letters.delete(offset)
    this.open.splice(this.open.indexOf(letter.shown), 1)
  }
}

/** What names the aggregate of a letter. */
export const aggregateName = (source: OpenLetter['source'], key: Buffer | null): string =>
  aggregateOf({ source, aggregate: key?.toString('hex') ?? '' })

function openLetterOf<Events extends EventMap>(
  { shown, facts, record }: Letter<Events>,
  matches: boolean
): Omit<OpenLetter, 'isUnderway'> {
  const { topic, partition, offset, policy } = facts
  return {
    offset: record.offset,
    source: { topic, partition, offset },
    aggregate: record.key?.toString('hex') ?? '',
    policy,
    truncated: false,
    redriveCount: Number(shown.headers[redriveHeaders.count] ?? 0),
    bytes: 0,
    matches
  }
}

const bytesOf = (value: string | Buffer | null): Buffer | null =>
  typeof value === 'string' ? Buffer.from(value) : value

/** What is written, as it is read. */
function asRead(record: OutgoingRecord | undefined): Omit<KafkaRecord, 'offset' | 'timestamp'> {
  const { key = null, value = null, headers = [] } = record ?? {}
  const list = (headers as HeaderList).map(([name, each]) => [name, bytesOf(each)] as const)
  return { key: bytesOf(key), value, headers: list }
}
