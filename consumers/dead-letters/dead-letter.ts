import { createHash } from 'node:crypto'
import { printable } from '../../core/index.ts'
import type { HeaderList, KafkaRecord, OutgoingRecord } from '../../kafka/index.ts'
import { connectHeaders, deadLetterHeaders } from './headers.ts'

/** Why and from where a message became a dead letter. */
export interface DeadLetterFacts {
  readonly group: string
  /** Where the message was first: a dead letter that was redriven and fails again has the place from before that. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Name of the last fault: an error code or class, never a message. */
  readonly code: string
  readonly attempts: number
  /** What the group does with later messages of the aggregate. */
  readonly policy: 'skip' | 'park'
  /** As RFC 3339 has it in UTC. */
  readonly firstFailure?: string | undefined
  /** Version of the service. */
  readonly version?: string | undefined
  /** What a handler has given to `RejectMessage`. */
  readonly reason?: string | undefined
  /** Whether a handler had the event, or the message could not be read. */
  readonly wasRead: boolean
}

/** Letters of a reason that are kept. */
const longestReason = 1_000

/** What a dead letter may leave out of its message. */
export type Part = 'value' | 'headers' | 'key'

export interface DeadLetter {
  readonly record: OutgoingRecord
  readonly leftOut: readonly Part[]
  /** About what it takes on the wire. */
  readonly bytes: number
}

/**
 * The dead letters that a message can have, from the one with all of it (key, value and headers byte for byte) to the
 * one that only says where it came from. Each leaves out one part more than the one before, the largest first. Headers
 * of an earlier failure (a message that was sent through again) are replaced.
 */
export function* deadLettersOf(message: KafkaRecord, facts: DeadLetterFacts): Generator<DeadLetter, void> {
  const sizes: Readonly<Record<Part, number>> = {
    value: message.value?.length ?? 0,
    headers: sizeOf(message.headers),
    key: message.key?.length ?? 0
  }
  const parts = (['value', 'headers', 'key'] as const).filter(part => sizes[part] > 0)
  parts.sort((one, other) => sizes[other] - sizes[one])
  for (let left = 0; left <= parts.length; left += 1) yield deadLetter(message, facts, parts.slice(0, left))
}

/** The barest one: nothing of the message is looked at. */
export function barestDeadLetter(facts: DeadLetterFacts): DeadLetter {
  const headers: HeaderList = [...factHeaders(facts), [deadLetterHeaders.truncated, 'true']]
  return { record: { key: null, value: null, headers }, leftOut: ['value', 'headers', 'key'], bytes: sizeOf(headers) }
}

function deadLetter(message: KafkaRecord, facts: DeadLetterFacts, without: readonly Part[]): DeadLetter {
  const { key, value, headersLeftOut = 0 } = message
  const leftOut: readonly Part[] = headersLeftOut > 0 ? [...without, 'headers'] : without
  const own = leftOut.includes('headers') ? [] : message.headers
  const ours: [string, string][] = factHeaders(facts)
  if (leftOut.length > 0) ours.push([deadLetterHeaders.truncated, 'true'])
  if (leftOut.includes('value'))
    ours.push(...digest(value, deadLetterHeaders.valueSha256, deadLetterHeaders.valueBytes))
  if (leftOut.includes('key')) ours.push(...digest(key, deadLetterHeaders.keySha256, deadLetterHeaders.keyBytes))
  if (leftOut.includes('headers'))
    ours.push([deadLetterHeaders.headersCount, String(headersLeftOut || message.headers.length)])
  const replaced = new Set([...alwaysReplaced, ...ours.map(([name]) => name)])
  const record = {
    key: leftOut.includes('key') ? null : key,
    value: leftOut.includes('value') ? null : value,
    headers: [...own.filter(([name]) => !replaced.has(name)), ...ours]
  }
  return { record, leftOut, bytes: (record.key?.length ?? 0) + (record.value?.length ?? 0) + sizeOf(record.headers) }
}

/** What an earlier failure said does not hold for this one. */
const alwaysReplaced = [deadLetterHeaders.firstFailure, deadLetterHeaders.version, deadLetterHeaders.reason]

function factHeaders(facts: DeadLetterFacts): [string, string][] {
  const { group, topic, partition, offset, code, attempts, policy, firstFailure, version, wasRead } = facts
  const reason = facts.reason && shortened(facts.reason)
  const given = (name: string, value: string | undefined): [string, string][] => (value ? [[name, value]] : [])
  return [
    [deadLetterHeaders.group, group],
    [deadLetterHeaders.topic, topic],
    [deadLetterHeaders.partition, String(partition)],
    [deadLetterHeaders.offset, String(offset)],
    [deadLetterHeaders.code, code],
    [deadLetterHeaders.attempts, String(attempts)],
    [deadLetterHeaders.policy, policy],
    ...given(deadLetterHeaders.firstFailure, firstFailure),
    ...given(deadLetterHeaders.version, version),
    ...given(deadLetterHeaders.reason, reason),
    [connectHeaders.topic, topic],
    [connectHeaders.partition, String(partition)],
    [connectHeaders.offset, String(offset)],
    [connectHeaders.connector, group],
    [connectHeaders.task, '0'],
    [connectHeaders.stage, wasRead ? 'TASK_PUT' : 'VALUE_CONVERTER'],
    [connectHeaders.className, 'eventtrail'],
    [connectHeaders.exception, code],
    [connectHeaders.message, reason || code]
  ]
}

/** Printing makes a text longer. */
function shortened(reason: string): string {
  const shown = printable(reason.slice(0, longestReason))
  return shown.length < longestReason && reason.length <= longestReason
    ? shown
    : `${shown.slice(0, longestReason - 1)}…`
}

function digest(bytes: Buffer | null, sha256: string, length: string): [string, string][] {
  if (bytes === null) return []
  return [
    [sha256, createHash('sha256').update(bytes).digest('hex')],
    [length, String(bytes.length)]
  ]
}

// A name and a value have a length each, of up to five bytes.
const sizeOf = (headers: HeaderList): number =>
  headers.reduce((sum, [name, value]) => sum + 10 + Buffer.byteLength(name) + (value?.length ?? 0), 0)
