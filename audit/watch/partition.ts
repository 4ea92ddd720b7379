import type { TopicPartition } from '../../kafka/index.ts'
import { compareStretch } from './compare.ts'
import { HeldRecords } from './held.ts'
import { rangeOf, recordsIn, type Seen, sliceOf } from './seen.ts'
import type { Patience, Report, Stated } from './types.ts'

/**
 * A partition: what was read of it, and what statements say of it. Pure: the time is a parameter.
 *
 * ```
 *   new -- begin() --> reading -- rewind: a statement begins before what was read --> seeking -- begin() --> reading
 *                       | ^
 *   take(), state() --> | | compare(): statements whose offsets were all read are compared, and what was read let go
 * ```
 */
export class PartitionWatch {
  readonly #place: TopicPartition
  readonly #report: Report
  /** The first offset that no statement was compared for. */
  #next: number | undefined
  /** The offset that is read next. */
  #readTo: number | undefined
  #seekTo: number | undefined
  #isOutOfRange = false
  readonly #held = new HeldRecords()
  #stated: Stated[] = []
  #incarnation = 0
  /** Statements of earlier logs of the partition say nothing of this one. */
  #leastIncarnation = 1
  /** Offsets before it are from before the proof. */
  #provedFrom = 0
  #hasStatements = false
  #hasCompared = false
  /** Records before it were reported as being in no statement. */
  #overdueTo = 0
  #end = 0

  constructor(place: TopicPartition, report: Report) {
    this.#place = place
    this.#report = report
  }

  /** The offset to commit: everything before it was compared. Undefined before anything was read. */
  get position(): number | undefined {
    return this.#next
  }

  /** One after the last offset that was read. */
  get readTo(): number {
    return this.#readTo ?? 0
  }

  /** Where reading has to continue, once, after a rewind. */
  get seekTo(): number | undefined {
    return this.#seekTo
  }

  /** Records that wait for a statement. */
  get waiting(): number {
    return this.#held.count
  }

  /** Since when the oldest of them waits, ms of the clock of the watch. */
  get waitingSince(): number | undefined {
    return this.#held.parts[0]?.readAt
  }

  /** Whether a statement waits for records that were not read yet. */
  get needsMore(): boolean {
    const [next] = this.#stated
    return next !== undefined && next.stretch.last >= this.readTo
  }

  /** Kafka does not have the offset that was to be read next. */
  outOfRange(): void {
    this.#isOutOfRange = true
  }

  /**
   * A batch of offsets comes.
   * @returns from which of them on it has to be read; `old` where all were read before; `elsewhere` where reading has to
   *   continue at {@link seekTo}
   */
  begin(fetched: number, last: number): number | 'old' | 'elsewhere' {
    const isOutOfRange = this.#isOutOfRange
    if (this.#seekTo !== undefined && fetched !== this.#seekTo && !isOutOfRange) return 'elsewhere'
    this.#isOutOfRange = false
    const expected = this.#seekTo ?? this.#readTo
    this.#seekTo = undefined
    if (expected === undefined) this.#start(fetched)
    else if (fetched > expected && isOutOfRange) this.#missed(expected, fetched - 1)
    // Another member of the group has compared what is between.
    else if (fetched > expected) this.#start(fetched)
    else if (fetched < expected && isOutOfRange) this.#restart(fetched)
    const from = Math.max(fetched, this.#readTo ?? fetched, this.#next ?? fetched)
    this.#readTo = Math.max(this.#readTo ?? fetched, from)
    return from > last ? 'old' : from
  }

  /** What was read from {@link begin} on. @param end of the log, as far as it is known */
  take(seen: Seen, readAt: number, end: number): void {
    this.#readTo = seen.last + 1
    this.#end = Math.max(end, this.#readTo)
    this.#held.add({ seen, readAt })
  }

  /** An entry says something of offsets. What was said before may be said again. */
  state(stated: Stated): void {
    const { incarnation, first, last } = stated.stretch
    if (incarnation < this.#leastIncarnation) return
    if (incarnation > this.#incarnation) this.reset(incarnation, first)
    if (incarnation < this.#incarnation || (this.#next !== undefined && last < this.#next)) return
    this.#hasStatements = true
    // Nearly all come in their order.
    if ((this.#stated.at(-1)?.stretch.first ?? -1) < first) this.#stated.push(stated)
    else {
      const known = this.#stated.filter(each => each.entry !== stated.entry || each.stretch.first !== first)
      this.#stated = known.toSpliced(known.findLastIndex(({ stretch }) => stretch.first <= first) + 1, 0, stated)
    }
  }

  /** An operator has begun the partition again: statements of earlier incarnations say nothing of what follows. */
  reset(incarnation: number, to: number): void {
    if (incarnation <= this.#incarnation) return
    const isFirst = this.#incarnation === 0
    this.#incarnation = incarnation
    if (isFirst) return
    const [left] = this.#stated
    if (left && left.stretch.last >= (this.#next ?? 0))
      this.#report.uncompared(
        this.#where(left.stretch.first, this.#stated.at(-1)?.stretch.last ?? left.stretch.last),
        'an operator began the partition again before these offsets were compared'
      )
    this.#stated = []
    if (this.#next === undefined || to === this.#next) return
    if (to < this.#next) this.#rewind(to)
    else {
      this.#report.uncompared(this.#where(this.#next, to - 1), 'an operator has let the sink pass over these offsets')
      this.#moveTo(to)
    }
  }

  /** Offsets before this one are from before the proof. */
  adopt(incarnation: number, next: number): void {
    if (incarnation >= this.#incarnation) this.#provedFrom = Math.max(this.#provedFrom, next)
  }

  /** Compares what can be compared, and reports it. */
  compare(patience: Patience): void {
    if (this.#next !== undefined && this.#next < this.#provedFrom) this.#moveTo(this.#provedFrom)
    while (this.#step(patience)) {}
  }

  /** Reports records that have been in no statement for too long, each once. */
  reportOverdue({ now, withinMs, began, until }: Patience): void {
    if (this.#next === undefined) return
    if (!this.#hasStatements) this.#passOld(began)
    // What waits for more of its own statement is accounted for, unless the log never has so many offsets.
    const stated = this.#stated.findLast(({ stretch }) => stretch.last < this.#end)?.stretch.last ?? -1
    const from = Math.max(this.#next, this.#overdueTo, stated + 1)
    const isLate = (time: number): boolean => until === undefined || time <= until - withinMs
    let found: ReturnType<typeof rangeOf>
    for (const { seen, readAt } of this.#held.parts) {
      if (until === undefined && now - readAt < withinMs) break
      const late = rangeOf(sliceOf(seen, from, seen.last), isLate)
      if (late) found = { first: found?.first ?? late.first, last: late.last, count: (found?.count ?? 0) + late.count }
    }
    if (!found) return
    this.#overdueTo = found.last + 1
    this.#report.finding(
      'RECORD_UNACCOUNTED',
      this.#where(found.first, found.last),
      `${found.count} records are in no statement after ${Math.round(withinMs / 1_000)} s`
    )
  }

  #step(patience: Patience): boolean {
    const [stated] = this.#stated
    if (!stated || this.#next === undefined || this.#readTo === undefined) return false
    const { first, last } = stated.stretch
    if (last < this.#next) {
      this.#stated.shift()
      return true
    }
    if (first < this.#next) {
      this.#rewind(first)
      return false
    }
    if (first > this.#next) return this.#passHole(stated, patience)
    if (this.#readTo <= last) return this.#isBeyond(stated, patience)
    this.#stated.shift()
    this.#check(stated)
    this.#hasCompared = true
    this.#moveTo(last + 1)
    return true
  }

  #check({ stretch, entry }: Stated): void {
    const { first, last, lost } = stretch
    const place = { ...this.#where(first, last), entry }
    // What was lost to the sink as well is no gap.
    if (this.#held.lacks(first + lost, last)) {
      this.#report.uncompared(place, 'Kafka has deleted some of these offsets before they were read')
      return
    }
    const seen = this.#held.of(first, last)
    const verdict = compareStretch(stretch, seen)
    if (verdict.kind === 'differs') this.#report.finding(verdict.code, place, verdict.words)
    if (verdict.kind === 'open') this.#report.uncompared(place, verdict.words)
    else this.#report.compared(recordsIn(seen))
    if (verdict.kind === 'same' && verdict.unread > 0)
      this.#report.uncompared(
        place,
        `${verdict.unread} records are said to be duplicates of events that were not read here`
      )
  }

  /** Offsets before a statement, of which none says anything. One of them may come later. */
  #passHole({ stretch: { first }, entry, readAt }: Stated, { now, withinMs, began, until }: Patience): boolean {
    const next = this.#next as number
    if ((this.#readTo as number) < first) return false
    const seen = this.#held.of(next, first - 1)
    const fresh = rangeOf(seen, time => time >= began)
    if (fresh && until === undefined && now - readAt < withinMs) return false
    if (fresh && fresh.last >= this.#overdueTo)
      this.#report.finding(
        'OFFSETS_HOLE',
        { ...this.#where(fresh.first, fresh.last), entry },
        `${fresh.count} records are in no statement, and the next one is of later offsets`
      )
    this.#moveTo(first)
    return true
  }

  /** A statement about offsets that the log does not have, known once no more comes. */
  #isBeyond({ stretch: { first, last }, entry }: Stated, { until }: Patience): boolean {
    if (until === undefined || last < this.#end) return false
    this.#stated.shift()
    this.#report.finding(
      'ROW_ADDED',
      { ...this.#where(first, last), entry },
      `the log of the partition ends before offset ${this.#end}, and the statement does not`
    )
    return true
  }

  /** Records from before the proof, of a partition that has no statement. */
  #passOld(began: number): void {
    for (const { seen } of this.#held.parts) {
      const fresh = rangeOf(seen, time => time >= began)
      if (fresh) {
        this.#moveTo(Math.max(this.#next as number, fresh.first))
        return
      }
    }
    if (this.#held.parts.length > 0) this.#moveTo(Math.max(this.#next as number, this.#readTo as number))
  }

  #where(first: number, last: number) {
    return { ...this.#place, incarnation: this.#incarnation || 1, first, last }
  }

  #moveTo(next: number): void {
    this.#next = next
    this.#held.drop(next)
  }

  /** Reads again from an offset on. */
  #rewind(to: number): void {
    this.#held.clear()
    this.#next = to
    this.#provedFrom = Math.min(this.#provedFrom, to)
    this.#overdueTo = 0
    this.#readTo = undefined
    this.#seekTo = to
  }

  #start(fetched: number): void {
    this.#held.clear()
    // After a rewind the position is known.
    this.#next = fetched
    this.#readTo = fetched
  }

  #missed(first: number, last: number): void {
    this.#held.missed(first, last)
    this.#readTo = last + 1
  }

  /** The log is another one: it was cut back, or the topic was created again. */
  #restart(fetched: number): void {
    this.#leastIncarnation = this.#hasCompared ? this.#incarnation + 1 : this.#incarnation
    this.#stated = this.#stated.filter(({ stretch }) => stretch.incarnation >= this.#leastIncarnation)
    this.#hasCompared = false
    this.#overdueTo = 0
    this.#provedFrom = 0
    this.#end = 0
    this.#start(fetched)
  }
}
