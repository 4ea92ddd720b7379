import { aggregateOf, type PlannedLetter } from '../../consumers/index.ts'

/** Where a letter is in the redrive topic. */
export interface RedrivePlace {
  readonly partition: number
  readonly offset: number
}

/**
 * The letters of a plan that can still be sent, of what the dead-letter topic has now: of a parked aggregate all that
 * are open, or none. A plan may be older than the retention of a letter, and what comes after that one must not pass for
 * all there is.
 */
export function sendable(letters: readonly PlannedLetter[], logStart: number): readonly PlannedLetter[] {
  const gone = letters.filter(({ offset }) => offset < logStart)
  const torn = new Set(gone.filter(({ policy, aggregate }) => policy === 'park' && aggregate !== '').map(aggregateOf))
  return letters.filter(letter => letter.offset >= logStart && !torn.has(aggregateOf(letter)))
}

/** What an action has sent already. */
export interface SentPlaces {
  /** By the offset of the letter. */
  readonly letters: ReadonlyMap<number, RedrivePlace>
  /** End markers, by their names. */
  readonly markers: ReadonlyMap<string, RedrivePlace>
}

/** What is left to send of a plan when its action is continued. */
export const unsent = (
  letters: readonly PlannedLetter[],
  sent: ReadonlyMap<number, RedrivePlace>
): readonly PlannedLetter[] => letters.filter(({ offset }) => !sent.has(offset))

/** Letters in the order of the plan, in portions of at most so many letters and about so many bytes. */
export function* portionsOf<Letter extends { readonly bytes: number }>(
  letters: readonly Letter[],
  most: { readonly letters: number; readonly bytes: number }
): Generator<readonly Letter[]> {
  let portion: Letter[] = []
  let bytes = 0
  for (const letter of letters) {
    if (portion.length > 0 && (portion.length >= most.letters || bytes + letter.bytes > most.bytes)) {
      yield portion
      portion = []
      bytes = 0
    }
    portion.push(letter)
    bytes += letter.bytes
  }
  if (portion.length > 0) yield portion
}
