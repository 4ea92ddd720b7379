/** Dead letters of consumer groups: a catalogue of them, and what operators do to them. */
export { readCatalogue } from './catalogue.ts'
export { discard } from './discard.ts'
export { type Examination, examineLetters } from './examine.ts'
export { textOf } from './letter.ts'
export { recordsFrom } from './letter-pages.ts'
export { exclusiveOf, groupTopics, letterHeaders, topicsOfGroup } from './names.ts'
export { type MadePlan, makePlan } from './planning.ts'
export {
  endsOf,
  mostRounds,
  noRedriveTopic,
  Pace,
  Patience,
  type RedriveOutcome,
  type RedriveProgress,
  redrive,
  redrivePartition,
  type StillParked,
  sendInOrder
} from './redrive/index.ts'
export { showLetter } from './show.ts'
export {
  countLetters,
  type LetterCount,
  type LetterFilter,
  type LetterState,
  type ListedLetter,
  listLetters
} from './store/index.ts'
