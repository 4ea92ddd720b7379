import { counted, few } from '../../core/index.ts'
import type { Completeness } from './completeness.ts'

/** Whether nothing is known that could belong to the answer and is missing. */
export const isComplete = (each: Completeness): boolean => missing(each).length === 0

/** The line above every answer: whether it is all that there is, and what may be missing. */
export function completenessLine(each: Completeness): string {
  const { at, droppedMonths, removed } = each
  const found = missing(each)
  const past = [
    ...(droppedMonths.length > 0 ? [`months that were dropped: ${few(droppedMonths)}`] : []),
    ...(removed > 0 ? [`${counted(removed, 'row')} taken out on purpose`] : [])
  ]
  const retained = past.length > 0 ? `; ${past.join('; ')}` : ''
  const when = at.toISOString()
  if (found.length === 0)
    return `Complete as of ${when}: all that Kafka holds of these events is stored; none is in quarantine; no gap${retained}`
  return `Not known to be complete as of ${when}: ${found.join('; ')}${retained}`
}

function missing({ kafka, notCompared, quarantined, gaps, faults, unknownPersons }: Completeness): string[] {
  const { held, discarded } = quarantined
  return [
    ...kafkaWords(kafka),
    ...(notCompared.length > 0
      ? [`topics of other groups of sinks were not looked at: ${few(notCompared)} (--group names a group)`]
      : []),
    ...(held > 0 ? [`${counted(held, 'record')} in quarantine could not be read and may belong to this answer`] : []),
    ...(discarded > 0
      ? [`${counted(discarded, 'record')} of the quarantine, now discarded, may have belonged to it`]
      : []),
    ...(gaps.open + gaps.accepted > 0
      ? [
          `${counted(gaps.open + gaps.accepted, 'offset')} removed from Kafka unread${gaps.accepted > 0 ? ` (${gaps.accepted} of them in accepted gaps)` : ''}`
        ]
      : []),
    ...(faults > 0 ? [`the books of the trail do not agree (${faults}): run \`eventtrail verify\``] : []),
    ...(unknownPersons.length > 0
      ? [`no fields.json says which field names a person in ${few(unknownPersons)}, which were not looked into`]
      : [])
  ]
}

function kafkaWords(kafka: Completeness['kafka']): string[] {
  if (!kafka.asked) return [`Kafka was not asked for what is not stored yet (${kafka.why})`]
  const { unstored, halted, gone } = kafka
  return [
    ...(unstored > 0
      ? [
          `${counted(unstored, 'record')} in Kafka not stored yet${halted > 0 ? ` (${counted(halted, 'partition')} halted)` : ''}`
        ]
      : []),
    ...(gone.length > 0 ? [`no topic, or no leader, in Kafka for ${few(gone)}`] : [])
  ]
}
