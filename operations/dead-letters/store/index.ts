/** What Postgres keeps of dead letters: the catalogue, the state of each, and plans. */
export {
  addLetters,
  countLetters,
  type LetterCount,
  type LetterFilter,
  type LetterLog,
  type LetterState,
  type ListedLetter,
  listLetters,
  openLetters,
  openLettersOf
} from './letters.ts'
export {
  actionOfPlan,
  addPlanLetters,
  type FrozenPlan,
  findPlan,
  type PlanEntry,
  type PlanOperation,
  planEntries,
  planOffsets,
  savePlan,
  unfinishedRedrive
} from './plans.ts'
export {
  addDiscarded,
  addRedriven,
  type DrainedAggregate,
  drainedBy,
  handledMessages,
  redrivenBy,
  sourcesOf,
  statesOf
} from './states.ts'
