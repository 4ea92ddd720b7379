import type { TopicPartition } from '../kafka/index.ts'
import { asDate, asListOf, asRecord, asShortText, asWhole } from './fields.ts'

/** A message whose handler runs, or waits for its next attempt. No key and no id: only where it is. */
export interface RunningMessage extends TopicPartition {
  readonly offset: number
  /** ms since it was started. */
  readonly forMs: number
}

/** A topic that a member does not read, because most of its latest messages became dead letters. */
export interface StoppedTopic {
  readonly topic: string
  /** Of the latest ones: how many ended, and how many of them became dead letters. */
  readonly messages: number
  readonly failed: number
}

/** How a member of a group is, as it says itself. */
export interface MemberReport {
  readonly group: string
  /** As in its identity. */
  readonly member: string
  readonly at: Date
  /** The revision of the desired state that it has carried out; undefined where it cannot read the control topic. */
  readonly applied: number | undefined
  /** Why it is not ready, in words. */
  readonly notReady: readonly string[]
  readonly handled: number
  readonly retried: number
  readonly deadLettered: number
  readonly queued: number
  /** How many run; the longest running are in `longest`. */
  readonly running: number
  readonly longest: readonly RunningMessage[]
  /** Topics that it has stopped by itself. */
  readonly stopped: readonly StoppedTopic[]
}

const mostBytes = 8_192
const mostLongest = 10
const mostReasons = 10
const mostStopped = 10
const mostCharacters = 300
const format = 1

/** At most 8 KiB: what is too much is left out, the longest running last. */
export function encodeReport(report: MemberReport): Buffer {
  const notReady = report.notReady.slice(0, mostReasons).map(reason => reason.slice(0, mostCharacters))
  const longest = report.longest.toSorted((one, other) => other.forMs - one.forMs).slice(0, mostLongest)
  const stopped = report.stopped.slice(0, mostStopped)
  for (const parts of [
    { notReady, longest, stopped },
    { notReady: notReady.slice(0, 1), longest, stopped },
    { notReady: [], longest: [], stopped: [] }
  ]) {
    const bytes = Buffer.from(JSON.stringify({ v: format, ...report, ...parts }))
    if (bytes.length <= mostBytes) return bytes
  }
  // Names of groups and members are short.
  throw new RangeError('a report has more than 8 KiB')
}

/** Undefined where it cannot be read. */
export function parseReport(bytes: Buffer): MemberReport | undefined {
  const fields = asRecord(bytes)
  const [group, member, at] = [asShortText(fields?.group), asShortText(fields?.member), asDate(fields?.at)]
  if (!fields || fields.v !== format || group === undefined || member === undefined || !at) return undefined
  const { handled, retried, deadLettered, queued, running, applied, notReady } = fields
  return {
    group,
    member,
    at,
    applied: asWhole(applied),
    notReady: Array.isArray(notReady) ? notReady.flatMap(reason => asShortText(reason) ?? []) : [],
    handled: asWhole(handled) ?? 0,
    retried: asWhole(retried) ?? 0,
    deadLettered: asWhole(deadLettered) ?? 0,
    queued: asWhole(queued) ?? 0,
    running: asWhole(running) ?? 0,
    longest: asListOf(fields.longest, ({ topic, partition, offset, forMs }) => {
      const [where, number, at, age] = [asShortText(topic), asWhole(partition), asWhole(offset), asWhole(forMs)]
      return where === undefined || number === undefined || at === undefined || age === undefined
        ? undefined
        : { topic: where, partition: number, offset: at, forMs: age }
    }),
    stopped: asListOf(fields.stopped, ({ topic, messages, failed }) => {
      const [name, ended, bad] = [asShortText(topic), asWhole(messages), asWhole(failed)]
      return name === undefined || ended === undefined || bad === undefined
        ? undefined
        : { topic: name, messages: ended, failed: bad }
    })
  }
}
