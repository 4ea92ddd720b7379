import { describeError, UsageError } from '../../core/index.ts'
import { timeOfId } from '../../producers/index.ts'
import { actorHint, type EventContext, isOccurredAt, isWho, uuidOf, type Who, whoRules } from '../../schemas/index.ts'
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

/**
 * What the flags say of all lines that do not say it themselves.
 * @throws UsageError naming the flag; it repeats no value
 */
export function contextOf(flags: Pick<Who, 'actor' | 'traceparent'>): EventContext {
  const context: { actor?: string; traceparent?: string } = {}
  for (const name of ['actor', 'traceparent'] as const) {
    const value = flags[name]
    if (value === undefined) continue
    const hint = name === 'actor' ? actorHint(value) : undefined
    if (!isWho(name, value))
      throw new UsageError(
        `Expected --${name} to be ${whoRules[name].expected}${hint === undefined ? '' : `; ${hint}`}`
      )
    context[name] = value
  }
  return context
}

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
