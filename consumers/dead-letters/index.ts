/** Messages that failed for good, in their topic. */
export { type DeadLetterFacts, deadLettersOf, type Part } from './dead-letter.ts'
export { type DeadLetterTopic, DeadLetterWriter, deadLetterTopicOf } from './dead-letters.ts'
export { connectHeaders, deadLetterHeaders, redriveHeaders } from './headers.ts'
export {
  isDrained,
  openParking,
  type ParkedRow,
  Parking,
  parkedRow,
  parkedRowSupersedes,
  parkedTopicOf,
  type RedriveRow,
  redriveRow
} from './parking/index.ts'
export { canRedrive, type Origin, type Redriven, redriveTopicOf } from './redrive.ts'
export {
  aggregateOf,
  endMarker,
  type LeftOut,
  type LetterName,
  lastOfParked,
  mostRedrives,
  nameOfLetter,
  nothingLeftOut,
  type OpenLetter,
  type PlannedLetter,
  planOf,
  redrivenRecord
} from './redriving/index.ts'
export { Routes } from './routes.ts'
