import type { TopicPartition } from '../../kafka/index.ts'
import { defaultGroup } from '../groups.ts'
import type { HaltReason } from './start-point.ts'

/** Why a topic is halted until `eventtrail sink resume`. */
export const tooManyBad = 'TOO_MANY_BAD'

/** Why a topic is halted whose log is as it was: it is resumed where it was halted, by `eventtrail sink resume`. */
export const resumable: readonly string[] = [tooManyBad, 'SCHEMA_CHANGED']

const halts: Readonly<Record<HaltReason | typeof tooManyBad, string>> = {
  LOG_CUT_BACK: 'the log ends before what is stored already: it was cut back or recreated',
  LOG_REPLACED: 'the log is another one than the one that was read: the topic was recreated',
  SCHEMA_CHANGED: 'the registry gives a known schema id to another schema: it lost its memory, or is another one',
  TOO_MANY_BAD: 'more than half of its latest records were bad'
}

/** What `sink_offsets.halted` means; a reason of a newer version is returned as it is. */
export function explainHalt(reason: string): string {
  return Object.hasOwn(halts, reason) ? halts[reason as keyof typeof halts] : reason
}

/** A partition that is halted, as `sink_offsets` has it. */
export interface HaltedPartition extends TopicPartition {
  /** With the prefix. */
  readonly group: string
  readonly halted: string
}

/** The flags that name what a command is about. */
function flagsOf(
  { topic, group }: Pick<HaltedPartition, 'topic' | 'group'>,
  topicPrefix: string,
  ...more: string[]
): string {
  const ours = topic.startsWith(topicPrefix) && group.startsWith(topicPrefix)
  // Of a sink with another prefix the whole names are known, not where its prefix ends.
  const cut = ours ? topicPrefix.length : 0
  return [
    `--event ${quoted(topic.slice(cut))}`,
    ...more,
    ...(group.slice(cut) === defaultGroup ? [] : [`--group ${quoted(group.slice(cut))}`]),
    ...(ours ? [] : ["--prefix ''"])
  ].join(' ')
}

/** Accepts the gaps of a partition. */
export const acceptGapCommand = (
  { topic, partition, group }: Omit<HaltedPartition, 'halted'>,
  topicPrefix: string
): string =>
  `eventtrail sink accept-gap ${flagsOf({ topic, group }, topicPrefix, `--partition ${partition}`, "--reason 'WHY'")}`

/**
 * What to do about it: commands that can be run as they are, but for the reason.
 * @param isOfAll for all partitions of the topic that are halted
 */
export function remedyOf(
  { topic, partition, group, halted }: HaltedPartition,
  topicPrefix: string,
  isOfAll = false
): string {
  const where = resumable.includes(halted) ? '' : `${isOfAll ? '' : `--partition ${partition} `}--to earliest `
  const flags = flagsOf({ topic, group }, topicPrefix, `${where}--reason 'WHY'`)
  if (halted === 'SCHEMA_CHANGED') {
    return `Restore the registry's data (sink_schemas has every schema that the trail was written with), then \`eventtrail sink resume ${flags}\``
  }
  return halted === tooManyBad
    ? `Look at \`eventtrail quarantine list --topic ${quoted(topic)}\`, fix the cause, then \`eventtrail sink resume ${flags}\``
    : `Find out what happened, then \`eventtrail sink reset ${flags}\``
}

// A group may be called anything.
const quoted = (word: string): string => (/^[\w.-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
