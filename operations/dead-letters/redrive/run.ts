import { endMarker, lastOfParked, type PlannedLetter, redrivenRecord } from '../../../consumers/index.ts'
import { type KafkaClient, SendError, type Sender } from '../../../kafka/index.ts'
import type { RunningAction } from '../../actions/index.ts'
import { OperationsError } from '../../errors.ts'
import type { CatalogueParts, LetterTopic } from '../catalogue.ts'
import { LetterPages, recordsFrom } from '../letter-pages.ts'
import { type GroupName, groupTopics } from '../names.ts'
import { portionsOf, type RedrivePlace, sendable, unsent } from '../plan.ts'
import {
  addPlanLetters,
  addRedriven,
  type FrozenPlan,
  type LetterState,
  type PlanEntry,
  planEntries,
  redrivenBy,
  statesOf
} from '../store/index.ts'
import { followRedrive } from './follow.ts'
import { markerName, SentInLog } from './outgoing.ts'
import { type Parked, parkedAfter, type StillParked } from './parked-after.ts'
import { ParkedTable } from './parked-table.ts'
import { mostRounds } from './rounds.ts'
import { Pace, sendInOrder } from './send.ts'

/** What a redrive works with. */
export interface RedriveParts extends CatalogueParts {
  readonly client: KafkaClient
  readonly sender: Sender
}

export interface RedriveProgress {
  /** Of the plan, those of an earlier run included. */
  readonly sent: number
  readonly total: number
  /** States of what was sent; undefined as long as it is being sent. */
  readonly states: Readonly<Record<LetterState, number>> | undefined
}

export interface RedriveRequest extends GroupName {
  readonly plan: number
  readonly reason: string
  /** Letters a second at most. */
  readonly perSecond: number
  /** Wait until the group has handled them, as long as it makes progress. */
  readonly wait: boolean
  /** Stops between two portions; the same call continues. */
  readonly signal: AbortSignal
  readonly onProgress?: (progress: RedriveProgress) => void
}

export interface RedriveOutcome {
  readonly action: number
  /** Letters that are in the redrive topic now, each once. */
  readonly sent: number
  /** Those of them that an earlier run had sent. */
  readonly sentBefore: number
  /** Letters of the plan that were redriven or discarded by another action meanwhile, or are gone from the topic. */
  readonly skipped: number
  readonly handled: number
  readonly deadAgain: number
  /** Sent, and not handled yet. */
  readonly waiting: number
  /** How often letters were sent: what was parked meanwhile follows in another round. */
  readonly rounds: number
  /** Of parked aggregates: those that are not parked any more. Null: not waited for, or what is parked cannot be read. */
  readonly released: number | null
  /** Aggregates that are parked still. Null as above. */
  readonly stillParked: number | null
  readonly parked: readonly StillParked[]
}

const mostAtOnce = { letters: 100, bytes: 512 * 1024 }

/** One run of a redrive, from whatever an earlier one has left. */
export class RedriveRun {
  readonly #parts: RedriveParts
  readonly #request: RedriveRequest
  readonly #topic: LetterTopic
  readonly #plan: FrozenPlan
  readonly #action: RunningAction
  readonly #pages: LetterPages
  readonly #pace: Pace
  readonly #sent: SentInLog
  #sentBefore = 0
  #skipped = 0
  #total = 0
  #round = 1
  #found: Parked | undefined

  constructor(
    parts: RedriveParts,
    request: RedriveRequest,
    topic: LetterTopic,
    plan: FrozenPlan,
    action: RunningAction
  ) {
    this.#parts = parts
    this.#request = request
    this.#topic = topic
    this.#plan = plan
    this.#action = action
    this.#pages = new LetterPages(parts.reader, topic.topic)
    this.#pace = new Pace(request.perSecond)
    this.#sent = new SentInLog(topic.topicId, action.id)
  }

  /** @param from where the redrive topic ended before the action, by partition; undefined where this is its first run */
  async run(from: ReadonlyMap<string, number> | undefined): Promise<RedriveOutcome> {
    const entries = await planEntries(this.#parts.pool, this.#plan)
    if (from !== undefined) await this.#findSent(entries, from)
    this.#sentBefore = this.#sent.letters.size
    this.#total = entries.length
    this.#round = Math.max(1, ...entries.map(({ round }) => round))
    const open = entries.filter(({ state }) => state === 'open').map(({ letter }) => letter)
    const left = sendable(unsent(open, this.#sent.letters), this.#topic.start)
    this.#skipped = entries.length - this.#sent.letters.size - left.length
    const { client, pool } = this.#parts
    const { wait } = this.#request
    await using table = wait ? await ParkedTable.open(client, groupTopics(this.#request).parked) : undefined
    const before = new Map([...((await table?.read()) ?? [])].map(([name, { row }]) => [name, row.id]))
    if (wait && !entries.some(({ letter }) => letter.policy === 'park'))
      this.#found = { released: 0, still: [], rest: [] }
    await this.#send(left)
    // The end of an earlier round was sent before the one after it began.
    await this.#mark(entries.filter(({ round }) => round === this.#round).map(({ letter }) => letter))
    while (wait) {
      const isPassed = await this.#follow()
      if (!table) break
      const letters = (await planEntries(pool, this.#plan)).map(({ letter }) => letter)
      const facts = { action: this.#action.id, isPassed, before, signal: this.#request.signal }
      this.#found = await parkedAfter(this.#parts, this.#request, this.#topic, table, letters, facts)
      const { rest } = this.#found
      if (!isPassed || rest.length === 0 || this.#round === mostRounds) break
      await this.#goRound(rest)
    }
    return this.#outcome()
  }

  /** Sends what was parked meanwhile; it is in the plan before. */
  async #goRound(letters: readonly PlannedLetter[]): Promise<void> {
    await this.#action.requireHeld()
    this.#round += 1
    await addPlanLetters(this.#parts.pool, this.#plan.id, letters, { round: this.#round, position: this.#total })
    this.#total += letters.length
    await this.#send(letters)
    await this.#mark(letters)
  }

  /** Gathers what an earlier run has sent: as it noted, and after that as the redrive topic has it. */
  async #findSent(entries: readonly PlanEntry[], from: ReadonlyMap<string, number>): Promise<void> {
    const { pool, reader } = this.#parts
    const { redrive: topic } = groupTopics(this.#request)
    const noted = await redrivenBy(pool, this.#topic, this.#action.id)
    for (const [partition, start] of from)
      for await (const record of recordsFrom(reader, { topic, partition: Number(partition) }, start))
        this.#sent.take(Number(partition), record)
    const unnoted = entries.flatMap(({ letter }) => {
      const place = this.#sent.letters.get(letter.offset)
      return place === undefined || noted.has(letter.offset) ? [] : [{ letter, place }]
    })
    for (const [offset, place] of noted) this.#sent.letters.set(offset, place)
    await this.#note(unnoted)
  }

  async #send(letters: readonly PlannedLetter[]): Promise<void> {
    const { perSecond, signal } = this.#request
    const most = { ...mostAtOnce, letters: Math.min(mostAtOnce.letters, perSecond) }
    for (const portion of portionsOf(letters, most)) {
      await this.#step(portion.length)
      const records = await this.#pages.read(portion.map(({ offset }) => offset))
      const there = portion.filter(({ offset }) => records.has(offset))
      this.#skipped += portion.length - there.length
      const outgoing = there.flatMap(({ offset, redriveCount }) => {
        const record = records.get(offset)
        const facts = { topicId: this.#topic.topicId, action: this.#action.id, redriveCount }
        return record ? [redrivenRecord(record, facts)] : []
      })
      const places = await this.#sendAll(outgoing, signal)
      const sent = there.map((letter, index) => ({ letter, place: places[index] as RedrivePlace }))
      for (const { letter, place } of sent) this.#sent.letters.set(letter.offset, place)
      await this.#note(sent)
      this.#report(undefined)
    }
  }

  /** An end marker for each parked aggregate, after the last of its letters. */
  async #mark(letters: readonly PlannedLetter[]): Promise<void> {
    const sent = letters.filter(({ offset }) => this.#sent.letters.has(offset))
    const last = lastOfParked(sent).filter(
      ({ source, aggregate }) => !this.#sent.markers.has(markerName(source.topic, aggregate, source.offset))
    )
    for (const portion of portionsOf(last, mostAtOnce)) {
      await this.#step(portion.length)
      const records = await this.#pages.read(portion.map(({ offset }) => offset))
      const markers = portion.map(({ source, offset }) => {
        const { topic, partition, offset: through } = source
        const key = records.get(offset)?.key ?? null
        return endMarker({ group: this.#topic.groupId, topic, partition, key, through }, this.#action.id)
      })
      const places = await this.#sendAll(markers, this.#request.signal)
      for (const [index, { source, aggregate }] of portion.entries())
        this.#sent.markers.set(markerName(source.topic, aggregate, source.offset), places[index] as RedrivePlace)
    }
  }

  /** Before each step that changes something. */
  async #step(count: number): Promise<void> {
    await this.#pace.take(count, this.#request.signal)
    if (this.#request.signal.aborted)
      throw new OperationsError(
        'ACTION_STOPPED',
        `Stopped after ${this.#sent.letters.size} of ${this.#total} letters: \`eventtrail dead-letters redrive --plan ${this.#plan.id}\` continues`
      )
    await this.#action.requireHeld()
  }

  async #sendAll(records: Parameters<typeof sendInOrder>[3], signal: AbortSignal): Promise<RedrivePlace[]> {
    const { sender } = this.#parts
    const { redrive: topic } = groupTopics(this.#request)
    try {
      return await sendInOrder(sender, topic, await sender.partitionsOf(topic), records, signal)
    } catch (error) {
      if (!(error instanceof SendError && error.code === 'RECORDS_TOO_LARGE')) throw error
      throw new OperationsError(
        'LETTER_REFUSED',
        `The topic ${topic} does not take a letter for its size: raise its max.message.bytes, then make another plan`,
        error
      )
    }
  }

  #note(sent: Parameters<typeof addRedriven>[3]): Promise<void> {
    const action = { action: this.#action.id, redriveTopicId: this.#topic.redriveTopicId ?? '' }
    return addRedriven(this.#parts.pool, this.#topic, action, sent)
  }

  #report(states: RedriveProgress['states']): void {
    this.#request.onProgress?.({ sent: this.#sent.letters.size, total: this.#total, states })
  }

  #follow(): Promise<boolean> {
    return followRedrive(this.#parts, this.#request, this.#topic, {
      action: this.#action.id,
      markers: this.#sent.markers.values(),
      signal: this.#request.signal,
      onStates: states => this.#report(states)
    })
  }

  async #outcome(): Promise<RedriveOutcome> {
    const states = await statesOf(this.#parts.pool, this.#topic, this.#action.id)
    return {
      action: this.#action.id,
      sent: this.#sent.letters.size,
      sentBefore: this.#sentBefore,
      skipped: this.#skipped,
      handled: states.handled,
      deadAgain: states['dead again'],
      waiting: states.redriven,
      rounds: this.#round,
      released: this.#found?.released ?? null,
      stillParked: this.#found?.still.length ?? null,
      parked: this.#found?.still ?? []
    }
  }
}
