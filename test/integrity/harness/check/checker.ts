import { checkEffects } from './check-effects.ts'
import { checkLedger } from './check-ledger.ts'
import type { Evidence, Place, Published } from './facts.ts'

/**
 * What can be wrong:
 * - `lost`: it was acknowledged, and its coordinate (or its id) is nowhere.
 * - `removed`: it was acknowledged, and retention removed it before it was read.
 * - `other-event`: at the coordinate of an acknowledged event is another one.
 * - `counted-twice`: a coordinate is in more than one of rows, duplicates, conflicts and quarantine.
 * - `failed-stored`: the publisher got the answer that it was never sent, and it is there.
 * - `id-twice`: an id is in two rows.
 * - `unpublished`: what is there was never published.
 * - `altered`: payload or aggregate is not what was published.
 * - `duplicate-alone`: a duplicate of an id that no row has.
 * - `order`: rows of an aggregate do not follow the publisher's order.
 * - `ledger-hole`, `ledger-overlap`: offsets that are in no range, or in two.
 * - `ledger-sum`: a range is not as long as what it counts.
 * - `ledger-count`: the ledger and the tables count differently.
 * - `ledger-missing`: something is at a coordinate that the ledger does not have.
 * - `skipped`: the ledger passed an offset over, where every record is an event.
 * - `log-unread`: Kafka has offsets that the ledger does not reach.
 * - `effect-missing`, `effect-order`, `effect-unpublished`: a handler was not called; was called out of order; was
 *   called for what was never published.
 */
export type ViolationKind =
  | 'lost'
  | 'removed'
  | 'other-event'
  | 'counted-twice'
  | 'failed-stored'
  | 'id-twice'
  | 'unpublished'
  | 'altered'
  | 'duplicate-alone'
  | 'order'
  | 'ledger-hole'
  | 'ledger-overlap'
  | 'ledger-sum'
  | 'ledger-count'
  | 'ledger-missing'
  | 'skipped'
  | 'log-unread'
  | 'effect-missing'
  | 'effect-order'
  | 'effect-unpublished'

export interface Violation {
  readonly kind: ViolationKind
  /** Which event, coordinate or range. */
  readonly what: string
}

export interface CheckOptions {
  /** Whether the test had retention remove events: what a recorded gap covers is then no violation. Default false. */
  readonly gapsExpected?: boolean
  /** Whether some offsets hold no event: control records, aborted transactions. Default false. */
  readonly skippedExpected?: boolean
}

/** Something that is at a coordinate. */
interface Standing {
  readonly where: 'row' | 'duplicate' | 'conflict' | 'quarantine'
  readonly id: string | null
}

export const placeName = ({ topic, partition, offset }: Place): string => `${topic}/${partition}@${offset}`

/**
 * Compares what is in the trail, and what handlers did, with what was published: joined by coordinates and by id.
 * @returns every violation; none when all is well.
 */
export function check(evidence: Evidence, options: CheckOptions = {}): Violation[] {
  const found: Violation[] = []
  const add = (kind: ViolationKind, what: string): void => void found.push({ kind, what })
  const published = new Map(evidence.published.map(event => [event.id, event]))
  const standing = standingAt(evidence)
  checkStored(evidence, published, add)
  checkAcknowledged(evidence, standing, options.gapsExpected === true, add)
  checkAsides(evidence, published, add)
  checkOrder(evidence, published, add)
  checkLedger(evidence, standing, options, add)
  checkEffects(evidence, published, add)
  return found
}

export type Report = (kind: ViolationKind, what: string) => void

function standingAt({ rows, nonRows }: Evidence): ReadonlyMap<string, readonly Standing[]> {
  const places = new Map<string, Standing[]>()
  const put = (place: Place, standing: Standing): void => {
    const name = placeName(place)
    const there = places.get(name)
    if (there) there.push(standing)
    else places.set(name, [standing])
  }
  for (const row of rows) put(row, { where: 'row', id: row.id })
  for (const aside of nonRows) put(aside, { where: aside.kind, id: aside.id })
  return places
}

function checkStored({ rows }: Evidence, published: ReadonlyMap<string, Published>, add: Report): void {
  const seen = new Set<string>()
  for (const row of rows) {
    if (seen.has(row.id)) add('id-twice', `${row.id} stands in two rows, one of them at ${placeName(row)}`)
    seen.add(row.id)
    const event = published.get(row.id)
    if (!event) add('unpublished', `${row.id} is stored and was never published`)
    else if (event.outcome === 'failed')
      add('failed-stored', `${row.id} is stored, its publisher was told that it failed`)
    else if (event.content !== row.content) add('altered', `${row.id} is stored with another payload`)
    else if (event.aggregateId !== row.aggregateId) add('altered', `${row.id} is stored for another aggregate`)
    else if (event.topic !== row.topic) add('altered', `${row.id} is stored under another name`)
  }
}

function checkAcknowledged(
  { published, rows, nonRows, gaps }: Evidence,
  standing: ReadonlyMap<string, readonly Standing[]>,
  gapsExpected: boolean,
  add: Report
): void {
  const inRow = new Set(rows.map(({ id }) => id))
  const kept = new Set(nonRows.flatMap(({ kind, id }) => (kind === 'duplicate' || id === null ? [] : [id])))
  const inGap = ({ topic, partition, offset }: Place) =>
    gaps.some(gap => gap.topic === topic && gap.partition === partition && gap.first <= offset && offset <= gap.last)
  for (const { id, topic, outcome, place } of published) {
    if (outcome !== 'stored') continue
    const at = place && { topic, ...place }
    const there = at && standing.get(placeName(at))
    if (at && !there) {
      if (!inGap(at)) add('lost', `${id} was acknowledged at ${placeName(at)}, and nothing stands there`)
      else if (!gapsExpected) add('removed', `${id} was removed from ${placeName(at)} before it was read`)
    } else if (at && there && !there.some(each => each.id === id || (each.id === null && each.where === 'quarantine')))
      add('other-event', `${id} was acknowledged at ${placeName(at)}, where ${there.map(each => each.id)} stands`)
    else if (!(inRow.has(id) || kept.has(id) || there?.some(each => each.id === null)))
      add('lost', `${id} was acknowledged and is in no row`)
  }
}

function checkAsides({ nonRows, rows }: Evidence, published: ReadonlyMap<string, Published>, add: Report): void {
  const inRow = new Set(rows.map(({ id }) => id))
  for (const { kind, id, ...place } of nonRows) {
    if (id === null) continue
    if (published.get(id)?.outcome === 'failed')
      add('failed-stored', `${id} is a ${kind} at ${placeName(place)}, its publisher was told that it failed`)
    if (kind !== 'duplicate') continue
    if (!published.has(id)) add('unpublished', `${id} is a duplicate and was never published`)
    if (!inRow.has(id)) add('duplicate-alone', `${id} at ${placeName(place)} is called a duplicate, and no row has it`)
  }
}

function checkOrder({ rows }: Evidence, published: ReadonlyMap<string, Published>, add: Report): void {
  const streams = Map.groupBy(rows, ({ topic, partition, aggregateId }) => `${aggregateId} in ${topic}/${partition}`)
  for (const [stream, events] of streams) {
    let before = Number.NEGATIVE_INFINITY
    for (const { id } of events.toSorted((one, other) => one.offset - other.offset)) {
      const order = published.get(id)?.order
      if (order === undefined) continue
      if (order < before) add('order', `${id} stands behind a later event of ${stream}`)
      before = Math.max(before, order)
    }
  }
}
