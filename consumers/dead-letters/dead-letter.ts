import { createHash } from 'node:crypto'
import type { HeaderList, KafkaRecord, OutgoingRecord } from '../../kafka/index.ts'

/** Headers that a dead letter has besides those of the message. */
export const deadLetterHeaders = {
  group: 'dead-letter-group',
  topic: 'dead-letter-topic',
  partition: 'dead-letter-partition',
  offset: 'dead-letter-offset',
  code: 'dead-letter-code',
  attempts: 'dead-letter-attempts',
  /** `true` where something of the message is left out; the headers below say what. */
  truncated: 'dead-letter-truncated',
  /** SHA-256 in hexadecimal digits, and length in bytes, of the value that is left out. */
  valueSha256: 'dead-letter-value-sha256',
  valueBytes: 'dead-letter-value-bytes',
  /** The same of the key that is left out. */
  keySha256: 'dead-letter-key-sha256',
  keyBytes: 'dead-letter-key-bytes',
  /** How many headers are left out. */
  headersCount: 'dead-letter-headers-count'
} as const

/** Why and from where a message became a dead letter. */
export interface DeadLetterFacts {
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** Name of the last fault: an error code or class, never a message. */
  readonly code: string
  readonly attempts: number
}

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

/** The barest one: nothing of the message is looked at but its offset. */
export function barestDeadLetter({ offset }: KafkaRecord, facts: DeadLetterFacts): DeadLetter {
  const headers: HeaderList = [...coordinates(offset, facts), [deadLetterHeaders.truncated, 'true']]
  return { record: { key: null, value: null, headers }, leftOut: ['value', 'headers', 'key'], bytes: sizeOf(headers) }
}

function deadLetter(message: KafkaRecord, facts: DeadLetterFacts, without: readonly Part[]): DeadLetter {
  const { key, value, headersLeftOut = 0 } = message
  const leftOut: readonly Part[] = headersLeftOut > 0 ? [...without, 'headers'] : without
  const own = leftOut.includes('headers') ? [] : message.headers
  const ours: [string, string][] = coordinates(message.offset, facts)
  if (leftOut.length > 0) ours.push([deadLetterHeaders.truncated, 'true'])
  if (leftOut.includes('value'))
    ours.push(...digest(value, deadLetterHeaders.valueSha256, deadLetterHeaders.valueBytes))
  if (leftOut.includes('key')) ours.push(...digest(key, deadLetterHeaders.keySha256, deadLetterHeaders.keyBytes))
  if (leftOut.includes('headers'))
    ours.push([deadLetterHeaders.headersCount, String(headersLeftOut || message.headers.length)])
  const replaced = new Set(ours.map(([name]) => name))
  const record = {
    key: leftOut.includes('key') ? null : key,
    value: leftOut.includes('value') ? null : value,
    headers: [...own.filter(([name]) => !replaced.has(name)), ...ours]
  }
  return { record, leftOut, bytes: (record.key?.length ?? 0) + (record.value?.length ?? 0) + sizeOf(record.headers) }
}

const coordinates = (
  offset: number,
  { group, topic, partition, code, attempts }: DeadLetterFacts
): [string, string][] => [
  [deadLetterHeaders.group, group],
  [deadLetterHeaders.topic, topic],
  [deadLetterHeaders.partition, String(partition)],
  [deadLetterHeaders.offset, String(offset)],
  [deadLetterHeaders.code, code],
  [deadLetterHeaders.attempts, String(attempts)]
]

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
