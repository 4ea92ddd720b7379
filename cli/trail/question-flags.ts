import type { Command } from 'commander'
import { type Condition, checkedQuestion, parseCondition, type Question } from '../../trail/index.ts'

/** Flags of commands that ask the trail. */
export interface QuestionFlags {
  readonly person?: string
  readonly aggregate?: string
  readonly eventId?: string
  readonly event?: string
  readonly from?: string
  readonly to?: string
  readonly where?: readonly Condition[]
}

/** Adds them. */
export const addQuestionFlags = (command: Command): Command =>
  command
    .option('--person <id>', 'events about this person, by the fields that fields.json of their schemas names')
    .option('--aggregate <uuid>', 'events of this aggregate')
    .option('--event-id <uuid>', 'the event with this id')
    .option('--event <name>', 'events of this name')
    .option('--from <time>', 'that happened at this time or later, such as 2026-11-25 or 2026-11-25T14:00:00Z')
    .option('--to <time>', 'that happened before this time')
    .option(
      '--where <condition>',
      'with this value of a field, such as "amount>=73.5", "note~late" (contains) or "title?" (exists); may be repeated, and all must hold',
      (text: string, before: readonly Condition[] = []) => [...before, parseCondition(text)]
    )

/** @throws TrailError `QUESTION_INVALID`, without values */
export const questionOf = ({ person, aggregate, eventId, event, from, to, where = [] }: QuestionFlags): Question =>
  checkedQuestion({
    ...(person !== undefined && { person }),
    ...(aggregate !== undefined && { aggregate }),
    ...(eventId !== undefined && { eventId }),
    ...(event !== undefined && { eventName: event }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    where
  })
