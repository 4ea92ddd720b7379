/** How orders reach the members of running groups, and how members are seen: through topics of Kafka, which all of them reach. */
export { ControlLine } from './control-line.ts'
export {
  type DesiredState,
  encodeDesired,
  isWithin,
  nothingDesired,
  type PauseOrder,
  parseDesired,
  pausesOf,
  type RewindOrder,
  type Scope,
  withoutPauses,
  withoutRewinds,
  withPause,
  withResume,
  withRewinds
} from './desired.ts'
export { encodeIdentity, identityOf, type MemberIdentity, parseIdentity } from './identity.ts'
export { controlTopicOf, controlTopics, desiredKeyOf, reportsTopicOf } from './names.ts'
export { encodeReport, type MemberReport, parseReport, type StoppedTopic } from './report.ts'
export { Reporter } from './reporter.ts'
