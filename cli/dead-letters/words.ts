import { type LeftOut, mostRedrives } from '../../consumers/index.ts'
import { counted, printable } from '../../core/index.ts'
import {
  type Examination,
  type LetterCount,
  type ListedLetter,
  type MadePlan,
  mostRounds,
  type RedriveOutcome,
  type StillParked
} from '../../operations/index.ts'

export const figure = (count: number): string => count.toLocaleString('en-US')

/** The columns of {@link lineOf}. */
export const columns = 'offset\tstate\tsince\tfrom\tcode\tattempts\tversion\tredriven'

/** A letter as a line of `dead-letters list`. */
export function lineOf(letter: ListedLetter): string {
  const { offset, state, at, topic, partition, sourceOffset, code, attempts, version, redriveCount, truncated } = letter
  const from = topic === null ? '-' : `${topic}/${partition}@${sourceOffset}`
  const words = truncated ? `${state}, truncated` : state
  const fields = [offset, words, at.toISOString(), from, code, attempts ?? '-', version ?? '-', redriveCount]
  // A tab within a field would begin another.
  return fields.map(field => printable(String(field))).join('\t')
}

/** How many letters there are, by state, then by code and topic. */
export function countLines(counts: readonly LetterCount[]): string[] {
  const states = [...Map.groupBy(counts, ({ state }) => state)].map(
    ([state, each]) => `${state} ${figure(each.reduce((sum, { letters }) => sum + letters, 0))}`
  )
  const kinds = counts
    .slice(0, 10)
    .map(({ state, code, topic, letters }) => `${code} × ${topic ?? 'no topic'} ${state} ${figure(letters)}`)
  return [`letters: ${states.join(', ')}`, ...kinds.map(kind => `  ${printable(kind)}`)]
}

/** What a plan has, and what not. */
export function planLines({ plan, aggregates, letters, added, leftOut }: MadePlan): string[] {
  const made = plan
    ? [`plan ${plan.id}: ${counted(letters.length, 'letter')} of ${counted(aggregates, 'aggregate')}`]
    : []
  const more =
    added > 0
      ? [`${counted(added, 'letter')} of them did not match: an aggregate that is parked is redriven whole`]
      : []
  return [...made, ...more, ...leftOutLines(leftOut)]
}

function leftOutLines({ truncated, guarded, gone, unplaced, underway, blocked }: LeftOut): string[] {
  const reasons: [number, string][] = [
    [truncated, 'too large to have been kept whole: publish the event again, then discard the letter'],
    [guarded, `redriven ${mostRedrives} times already: --again includes them`],
    [gone, 'removed from the topic by its retention'],
    [unplaced, 'no dead letter of a group: the headers do not say where it came from'],
    [
      underway,
      'of parked aggregates of which letters of an earlier redrive are on their way: try again when the group has handled those'
    ],
    [blocked, 'of parked aggregates that wait for one of the above: discard that one, or use --again']
  ]
  return reasons.filter(([count]) => count > 0).map(([count, why]) => `left out: ${figure(count)}, ${why}`)
}

/** What a redrive would meet. */
export function examinationLines(examination: Examination): string[] {
  const { decode, faults, handledSince, newer, lookedAtAll, unread } = examination
  const broken = [...faults].map(([code, count]) => `${code} ${figure(count)}`).join(', ')
  return [
    `${figure(decode)} can be read with the schemas of today${broken === '' ? '' : `; not: ${broken}`}`,
    `${figure(handledSince)} handled since, from another letter of the same message`,
    `${figure(newer)} with a newer event of their aggregate, which comes before them${lookedAtAll ? '' : ' (and perhaps more: the topics are too long to look at all of them)'}`,
    ...unread.map(
      topic => `newer events of ${topic} could not be looked at: the topic is gone, or READ on it is missing`
    )
  ]
}

/** What came of a redrive. */
export function outcomeLines(outcome: RedriveOutcome): string[] {
  const { action, sent, sentBefore, skipped, handled, deadAgain, waiting, rounds } = outcome
  const before = sentBefore > 0 ? ` (${figure(sentBefore)} of them by an earlier run)` : ''
  const left = skipped > 0 ? `; ${figure(skipped)} skipped: not open any more` : ''
  const again = rounds > 1 ? ` in ${rounds} rounds` : ''
  return [
    `action ${action}: ${figure(sent)} sent${again}${before}, ${figure(handled)} handled, ${figure(deadAgain)} dead again, ${figure(waiting)} waiting${left}`,
    ...parkedLines(outcome)
  ]
}

const mostShown = 10

/** Which aggregates are parked still, and why. */
function parkedLines({ released, stillParked, parked }: RedriveOutcome): string[] {
  if (released === null || (released === 0 && parked.length === 0)) return []
  const more = parked.length - mostShown
  return [
    `parked aggregates: ${figure(released)} released, ${figure(stillParked ?? 0)} parked still`,
    ...parked.slice(0, mostShown).map(stillParkedLine),
    ...(more > 0 ? [`  and ${figure(more)} more: --json has all`] : [])
  ]
}

const stillWords: Readonly<Record<StillParked['why'], string>> = {
  'failed again': 'one of its letters failed again',
  'more events': `events of it were parked meanwhile, in each of ${mostRounds} rounds`,
  'parked again': 'it was released, and a later event failed',
  'not released yet': 'all of it is handled, and no member has released it yet',
  'not handled yet': 'the group has not come to its letters yet'
}

function stillParkedLine({ topic, partition, aggregate, why, openLetters, firstLetter }: StillParked): string {
  const waiting =
    openLetters === 0 ? '' : `; ${counted(openLetters, 'letter')} open, the first at offset ${firstLetter}`
  return printable(`  ${aggregate} in ${topic}/${partition}: ${stillWords[why]}${waiting}`)
}
