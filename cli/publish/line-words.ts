import { describeError } from '../../core/index.ts'
import { timeOfId } from '../../producers/index.ts'
import { isOccurredAt, uuidOf } from '../../schemas/index.ts'
import { BadLine, type LineEvent } from './line-event.ts'

// The producer speaks to a program: of its options and of JavaScript's types. A line has neither.
const flags: Readonly<Record<string, string>> = {
  topicPrefix: '--prefix',
  source: '--source',
  'connection.kafka.brokers': '--brokers',
  'connection.registry.url': '--registry'
}
const options = new RegExp(`\`(${Object.keys(flags).join('|').replaceAll('.', '\\.')})\``, 'g')

/** An error of the producer, with its options named as the flags of the command. */
export const inFlags = (error: unknown): string =>
  describeError(error).replace(options, (_, option: string) => `\`${flags[option]}\``)

/** Checks what identifies the event, by the names that it has in a line. @throws BadLine */
export function checkIdentity({ aggregateId, options: { id, occurredAt } }: LineEvent): void {
  if (!uuidOf(aggregateId)) throw new BadLine('has an `aggregate_id` that is not a UUID')
  if (id !== undefined && !uuidOf(id)) throw new BadLine('has an `id` that is not a UUID')
  if (id !== undefined && occurredAt === undefined) {
    const time = timeOfId(id)
    if (time === undefined) throw new BadLine('has an `id` that is not of version 7, and no `occurred_at`')
    if (!isOccurredAt(time)) throw new BadLine('has an `id` of version 7 whose time is past 9999, and no `occurred_at`')
  }
  if (typeof occurredAt === 'bigint' && !isOccurredAt(occurredAt))
    throw new BadLine('has an `occurred_at` that is not between 1970 and 9999')
}
