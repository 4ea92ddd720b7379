import type { Origin } from '../redrive.ts'

/** A letter that is open, as the catalogue has it. */
export interface OpenLetter {
  readonly offset: number
  readonly source: Origin | undefined
  /** Digest of its key in hexadecimal digits; empty where it has none. */
  readonly aggregate: string
  readonly policy: string | undefined
  readonly truncated: boolean
  readonly redriveCount: number
  readonly bytes: number
  /** Whether its aggregate is parked, and another letter of it was sent and is not handled yet. */
  readonly isUnderway: boolean
  /** Whether it is one of those that were asked for. */
  readonly matches: boolean
}

/** A letter of a plan, in its place in the order of sending. */
export interface PlannedLetter extends OpenLetter {
  readonly source: Origin
  /** Earlier letters of the same message, which are not sent. */
  readonly copies: readonly number[]
}

/** Why open letters that match are not in a plan. */
export interface LeftOut {
  /** Something of the message was left out of the letter. */
  readonly truncated: number
  /** Redriven too often already, see `mostRedrives`. */
  readonly guarded: number
  /** Removed from the topic, by retention or by hand. */
  readonly gone: number
  /** Their headers do not say where they came from. */
  readonly unplaced: number
  /** Of parked aggregates of which letters of an earlier redrive are on their way: they would overtake those. */
  readonly underway: number
  /** Letters of a parked aggregate that wait for one of the above. */
  readonly blocked: number
}

export interface Plan {
  readonly letters: readonly PlannedLetter[]
  readonly aggregates: number
  /** Letters that did not match, and are sent because their aggregate is parked: it is redriven whole. */
  readonly added: number
  readonly leftOut: LeftOut
}

export const nothingLeftOut: LeftOut = { truncated: 0, guarded: 0, gone: 0, unplaced: 0, underway: 0, blocked: 0 }

/** Letters that were redriven so often are redriven again only on demand. */
export const mostRedrives = 3

export interface PlanRules {
  /** The first offset that the dead-letter topic still has. */
  readonly logStart: number
  /** Also letters that were redriven {@link mostRedrives} times. */
  readonly again: boolean
}

/** What keeps its order: the messages of a key in a partition. */
export const aggregateOf = ({ source, aggregate }: Pick<OpenLetter, 'source' | 'aggregate'>): string =>
  `${source?.topic}/${source?.partition}/${aggregate}`

/**
 * Which letters to send, and in which order: about that of the dead-letter topic, and within an aggregate that of the
 * source. A message that became a letter twice (a crash before the commit) is sent once, as its latest letter. Of an
 * aggregate that is parked all letters are sent, or none.
 * @param letters the open ones that match, and all other open ones of their messages and their parked aggregates
 */
export function planOf(letters: readonly OpenLetter[], rules: PlanRules): Plan {
  const leftOut = { ...nothingLeftOut }
  const chosen: PlannedLetter[] = []
  let added = 0
  for (const group of Map.groupBy(letters, aggregateOf).values()) {
    const messages = onePerMessage(group)
    // A message without a key parks nothing. One that matches by an earlier letter may be parked by its latest.
    const whole = [...group, ...messages].some(
      ({ policy, matches, aggregate }) => policy === 'park' && aggregate !== '' && matches
    )
    const wanted = messages.filter(({ matches }) => whole || matches)
    const fit: PlannedLetter[] = []
    let refused = 0
    for (const letter of wanted) {
      const why = whole && letter.isUnderway ? 'underway' : refusalOf(letter, rules)
      if (why !== undefined) leftOut[why] += 1
      if (why !== undefined) refused += 1
      else if (letter.source !== undefined) fit.push({ ...letter, source: letter.source })
    }
    if (whole && refused > 0) leftOut.blocked += fit.length
    else {
      added += fit.filter(({ matches }) => !matches).length
      chosen.push(...fit)
    }
  }
  return { letters: inOrder(chosen), aggregates: new Set(chosen.map(aggregateOf)).size, added, leftOut }
}

function refusalOf(letter: OpenLetter, { logStart, again }: PlanRules): Exclude<keyof LeftOut, 'blocked'> | undefined {
  if (letter.source === undefined) return 'unplaced'
  if (letter.offset < logStart) return 'gone'
  if (letter.truncated) return 'truncated'
  if (letter.redriveCount >= mostRedrives && !again) return 'guarded'
  return undefined
}

/** Each message once, as its latest letter. Letters without a place are messages of their own. */
function onePerMessage(letters: readonly OpenLetter[]): (OpenLetter & { readonly copies: readonly number[] })[] {
  const messages = Map.groupBy(letters, ({ source, offset }) =>
    source === undefined ? `letter ${offset}` : `source ${source.offset}`
  )
  return [...messages.values()].flatMap(same => {
    const [latest, ...copies] = same.toSorted((one, other) => other.offset - one.offset)
    if (latest === undefined) return []
    return [{ ...latest, matches: same.some(({ matches }) => matches), copies: copies.map(({ offset }) => offset) }]
  })
}

/** By their offsets, so that they are read in pages; each aggregate has its letters in the order of the source. */
function inOrder(letters: readonly PlannedLetter[]): PlannedLetter[] {
  const bySource = (one: PlannedLetter, other: PlannedLetter) => one.source.offset - other.source.offset
  const queues = new Map(
    [...Map.groupBy(letters, aggregateOf)].map(([aggregate, each]) => [aggregate, each.toSorted(bySource).values()])
  )
  return letters
    .toSorted((one, other) => one.offset - other.offset)
    .map(place => queues.get(aggregateOf(place))?.next().value ?? place)
}

/** Of each parked aggregate the last letter, by the order of the source: an end marker follows it. */
export const lastOfParked = (letters: readonly PlannedLetter[]): PlannedLetter[] =>
  [
    ...Map.groupBy(
      letters.filter(({ policy, aggregate }) => policy === 'park' && aggregate !== ''),
      aggregateOf
    ).values()
  ].flatMap(each => each.toSorted((one, other) => other.source.offset - one.source.offset).slice(0, 1))
