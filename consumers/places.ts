import { checkOptions, few, OptionsError, type Rules, rule } from '../core/index.ts'
import type { PauseScope, SeekTarget } from './types.ts'

const isOffset = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0
const isDate = (value: unknown): value is Date => value instanceof Date && !Number.isNaN(value.getTime())
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

/** Whether a value is a `StartFrom`. */
export const isStartFrom = (value: unknown): boolean =>
  value === 'earliest' || value === 'latest' || isDate(value) || (isRecord(value) && isOffsets(value))

const isOffsets = (value: Readonly<Record<string, unknown>>): boolean =>
  Object.values(value).every(
    partitions =>
      isRecord(partitions) &&
      Object.entries(partitions).every(([partition, offset]) => isOffset(Number(partition)) && isOffset(offset))
  )

const scopeRules: Rules<PauseScope> = { topic: rule.text, partition: rule.wholeNumber(0) }

const seekRules: Rules<SeekTarget> = {
  topic: rule.required(rule.text),
  partition: rule.required(rule.wholeNumber(0)),
  offset: rule.required(rule.such(value => isOffset(value) || isDate(value), 'an offset from 0, or a Date'))
}

/** @throws OptionsError */
export function checkScope(scope: PauseScope, topics: readonly string[]): PauseScope {
  checkOptions(scope, scopeRules)
  if (scope.topic !== undefined) checkTopic(scope.topic, topics)
  else if (scope.partition !== undefined) throw new OptionsError('topic', 'given where `partition` is')
  return scope
}

/** @throws OptionsError */
export function checkSeek(target: SeekTarget, topics: readonly string[]): SeekTarget {
  checkOptions(target, seekRules)
  checkTopic(target.topic, topics)
  return target
}

function checkTopic(topic: string, topics: readonly string[]): void {
  if (!topics.includes(topic)) throw new OptionsError('topic', `one that the group reads: ${few(topics)}`, topic)
}
