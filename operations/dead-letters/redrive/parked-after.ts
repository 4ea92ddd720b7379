import { aggregateOf, type OpenLetter, type PlannedLetter, planOf } from '../../../consumers/index.ts'
import { type CatalogueParts, type LetterTopic, readLetters } from '../catalogue.ts'
import { type GroupName, groupTopics } from '../names.ts'
import { openLettersOf } from '../store/index.ts'
import { Patience } from './follow.ts'
import type { ParkedTable } from './parked-table.ts'
import { standingOf, type WhyParked } from './rounds.ts'

/** An aggregate that is parked after a redrive of it. */
export interface StillParked {
  readonly topic: string
  readonly partition: number
  /** Digest of its id, as in `dead_letters`. */
  readonly aggregate: string
  readonly why: WhyParked
  /** As RFC 3339 has it in UTC. */
  readonly since: string
  readonly openLetters: number
  /** Offset of the letter that the others wait for; null where none is open. */
  readonly firstLetter: number | null
}

/** What became of the parked aggregates of a plan. */
export interface Parked {
  readonly released: number
  readonly still: readonly StillParked[]
  /** What was parked meanwhile, for another round. */
  readonly rest: readonly PlannedLetter[]
}

/** What it is found out with. */
export interface RoundFacts {
  readonly action: number
  /** Whether the group has passed the end of the round. */
  readonly isPassed: boolean
  /** Ids of the rows of parked aggregates before the action. */
  readonly before: ReadonlyMap<string, string>
  readonly signal: AbortSignal
}

/**
 * Waits until the group has released the aggregates of which everything was handled, and finds out why others are parked.
 * @param letters those of the plan
 */
export async function parkedAfter(
  parts: CatalogueParts,
  name: GroupName,
  topic: LetterTopic,
  table: ParkedTable,
  letters: readonly PlannedLetter[],
  { action, isPassed, before, signal }: RoundFacts
): Promise<Parked> {
  const parking = letters.filter(({ policy, aggregate }) => policy === 'park' && aggregate !== '')
  const aggregates = new Map(parking.map(letter => [aggregateOf(letter), letter]))
  const patience = new Patience(() => parts.admin.groupMembers(groupTopics(name).groupId), signal)
  for (;;) {
    const now = await table.read()
    await readLetters(parts, topic, topic.topic)
    const parked = [...aggregates.keys()].flatMap(each => {
      const found = now.get(each)
      const why = standingOf(found, before.get(each), { action, isPassed })
      return found === undefined || why === 'released' ? [] : [{ name: each, why, row: found.row }]
    })
    const asked = parked.flatMap(each => aggregates.get(each.name) ?? [])
    const open = Map.groupBy(await openLettersOf(parts.pool, topic, asked), aggregateOf)
    // A row is written before the letter.
    const isOpen = parked.every(
      each => each.why !== 'not released yet' && (each.why !== 'more events' || open.has(each.name))
    )
    if (isOpen || !(await patience.wait(parked))) {
      const more = parked.filter(({ why }) => why === 'more events').flatMap(each => open.get(each.name) ?? [])
      return {
        released: aggregates.size - parked.length,
        still: parked.map(each => stillParked(each, aggregates.get(each.name), open.get(each.name) ?? [])),
        rest: planOf(more, { logStart: topic.start, again: false }).letters
      }
    }
  }
}

function stillParked(
  { why, row }: { readonly why: WhyParked; readonly row: { readonly topic: string; partition: number; since: string } },
  letter: PlannedLetter | undefined,
  open: readonly OpenLetter[]
): StillParked {
  const place = ({ source }: OpenLetter) => source?.offset ?? 0
  const [first] = open.toSorted((one, other) => place(one) - place(other) || other.offset - one.offset)
  return {
    topic: row.topic,
    partition: row.partition,
    aggregate: letter?.aggregate ?? '',
    why,
    since: row.since,
    openLetters: open.length,
    firstLetter: first?.offset ?? null
  }
}
