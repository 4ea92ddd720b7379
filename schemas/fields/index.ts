/** What fields of events mean: which name a person, and which may be shown to all. */
export { aggregatePath, type EventFields, type FieldMeaning, fieldFaults, meaningsOf, nodesAt } from './event-fields.ts'
export { pathAtStart, type Step, stepsOf } from './field-path.ts'
