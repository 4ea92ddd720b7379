/** What a redrive sends, and in which order: the same for operators and for the kit of tests. */
export { endMarker, type LetterName, nameOfLetter, redrivenRecord } from './outgoing.ts'
export {
  aggregateOf,
  type LeftOut,
  lastOfParked,
  mostRedrives,
  nothingLeftOut,
  type OpenLetter,
  type PlannedLetter,
  planOf
} from './plan.ts'
