import { createHash } from 'node:crypto'
import type { LetterName, Origin } from '../../consumers/index.ts'
import { wholeNumberOf } from '../../core/index.ts'
import type { Header, KafkaRecord } from '../../kafka/index.ts'
import { letterHeaders } from './names.ts'

/** What the headers of a dead letter say, and the length of the rest. */
export interface LetterFacts {
  readonly offset: number
  readonly at: Date
  /** Undefined where the record is no dead letter of a group. */
  readonly source: Origin | undefined
  readonly code: string
  readonly attempts: number | undefined
  readonly version: string | undefined
  readonly policy: string | undefined
  readonly firstFailure: Date | undefined
  /** {@link aggregateDigest} of its key; undefined where it has none. */
  readonly aggregate: Buffer | undefined
  /** Of key and value. */
  readonly bytes: number
  readonly truncated: boolean
  /** The letter that it was before it was redriven. */
  readonly redriveOf: LetterName | undefined
  readonly redriveAction: number | undefined
  readonly redriveCount: number
}

/** A digest of the id of an aggregate, where the id itself, perhaps that of a person, must not be kept. */
export const aggregateDigest = (key: Buffer | string): Buffer =>
  createHash('sha256').update(key).digest().subarray(0, 16)

const mostText = 200

/** Anyone who may write to the topic may have written the record: nothing of it is taken for granted. */
export function letterFactsOf(record: KafkaRecord): LetterFacts {
  const { key, value, headers, offset, timestamp } = record
  const text = (name: string): string | undefined => textOf(headers, name)
  const number = (name: string): number | undefined => wholeNumberOf(text(name) ?? '')
  const topic = text(letterHeaders.topic)
  const partition = number(letterHeaders.partition)
  const sourceOffset = number(letterHeaders.offset)
  const isPlaced = topic !== undefined && partition !== undefined && partition < 2 ** 31 && sourceOffset !== undefined
  return {
    offset,
    at: dateOf(timestamp) ?? new Date(0),
    source: isPlaced ? { topic, partition, offset: sourceOffset } : undefined,
    code: text(letterHeaders.code) ?? 'UNKNOWN',
    attempts: smallNumber(number(letterHeaders.attempts)),
    version: text(letterHeaders.version),
    policy: text(letterHeaders.policy),
    firstFailure: dateOf(Date.parse(text(letterHeaders.firstFailure) ?? '')),
    aggregate: key === null ? digestLeft(text(letterHeaders.keySha256)) : aggregateDigest(key),
    bytes: (key?.length ?? 0) + (value?.length ?? 0),
    truncated: text(letterHeaders.truncated) === 'true',
    redriveOf: letterNameOf(text(letterHeaders.redriveOf)),
    redriveAction: number(letterHeaders.redriveAction),
    redriveCount: smallNumber(number(letterHeaders.redriveCount)) ?? 0
  }
}

/** The last header of a name as text that Postgres takes. */
export function textOf(headers: readonly Header[], name: string): string | undefined {
  const value = headers.findLast(([each]) => each === name)?.[1]
  const text = value?.toString('utf8').replaceAll('\0', '').slice(0, mostText)
  return text === '' ? undefined : text
}

/** Reads what `nameOfLetter` writes. */
export function letterNameOf(text: string | undefined): LetterName | undefined {
  const [topicId, digits, ...more] = text?.split('/') ?? []
  const offset = wholeNumberOf(digits ?? '')
  return topicId === undefined || offset === undefined || more.length > 0 ? undefined : { topicId, offset }
}

/** Of a key that was too large for the letter. */
const digestLeft = (sha256: string | undefined): Buffer | undefined =>
  sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256) ? Buffer.from(sha256, 'hex').subarray(0, 16) : undefined

const smallNumber = (value: number | undefined): number | undefined =>
  value === undefined || value >= 2 ** 31 ? undefined : value

/** In the years that Postgres and JavaScript both have. */
const dateOf = (ms: number): Date | undefined => (ms >= 0 && ms < 253_402_300_800_000 ? new Date(ms) : undefined)
