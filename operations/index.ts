/**
 * What operators do, for CLI and scripts: doctor and verify look, and return findings; what changes something goes
 * through the action log, which records who does what and why before it is done.
 */
export {
  type ActionCounts,
  type ActionRequest,
  act,
  type Operator,
  resumeAction,
  shellOperator
} from './actions/index.ts'
export {
  countLetters,
  discard,
  type Examination,
  examineLetters,
  groupTopics,
  type LetterCount,
  type LetterFilter,
  type LetterState,
  type ListedLetter,
  listLetters,
  type MadePlan,
  makePlan,
  mostRounds,
  type RedriveOutcome,
  type RedriveProgress,
  readCatalogue,
  redrive,
  type StillParked,
  showLetter
} from './dead-letters/index.ts'
export {
  bases,
  type Disclosure,
  disclose,
  disclosureSettings,
  type EndedDisclosure,
  type Ending,
  type ListedDisclosure,
  listDisclosures,
  personFieldsOf,
  personsIn,
  personsOf,
  personsOfStored,
  type Statement
} from './disclosures/index.ts'
export { examine, type Finding } from './doctor/index.ts'
export { operationsErrorCodes } from './errors.ts'
export {
  appliedBy,
  continueReplay,
  type GroupActionParts,
  type GroupLook,
  type GroupSources,
  type ListedGroup,
  type Loss,
  listGroups,
  lookAtGroup,
  lossOf,
  nameOf,
  Orders,
  type Pace,
  type PartitionLook,
  type PauseResult,
  paceOf,
  pauseGroup,
  planReplay,
  planRewind,
  type ReplayParts,
  type ReplayPlan,
  type ReplayResult,
  type RewindStep,
  type RewindTarget,
  replayGroup,
  requireOurs,
  resumeGroup,
  rewindGroup,
  type SeenMember,
  type StoppedOn,
  scopeIn,
  stoppedBy,
  takesOrders
} from './groups/index.ts'
export { operationsMigrations } from './migrations.ts'
export {
  type DropPlan,
  type DroppedMonth,
  dropMonth,
  type Hold,
  hold,
  type ListedMonth,
  listDropped,
  listHolds,
  listMonths,
  planDrop,
  release,
  requireMonth,
  type UnfinishedDrop,
  unfinishedDrops,
  unreadUntil
} from './retention/index.ts'
export {
  type Completeness,
  completenessLine,
  completenessOf,
  type FoundField,
  type FoundPage,
  findEvents,
  isComplete,
  planQuestion
} from './search/index.ts'
export { type VerifyFinding, verify } from './verify/index.ts'
