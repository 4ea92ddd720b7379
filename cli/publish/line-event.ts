import { isUtf8 } from 'node:buffer'
import { DuplicateKeyError } from '../../core/index.ts'
import type { PublishOptions } from '../../producers/index.ts'
import { nanosOf, occurredAtFault, parseExactJson, whoNames } from '../../schemas/index.ts'

/** What a line says of an event. */
export interface LineEvent {
  readonly aggregateId: string
  readonly payload: object
  readonly options: PublishOptions
}

/** Why a line is no event; the message names keys, never values. */
export class BadLine extends Error {}

const known = new Set(['aggregate_id', 'payload', 'occurred_at', 'id', ...whoNames])

/** @throws BadLine */
export function parseLine(bytes: Buffer): LineEvent {
  const line = parseObject(bytes)
  for (const key of Object.keys(line)) {
    if (!known.has(key))
      throw new BadLine(`has the unknown key ${JSON.stringify(key.slice(0, 80))}; known are ${[...known].join(', ')}`)
  }
  const { aggregate_id, payload, occurred_at, id } = line
  if (typeof aggregate_id !== 'string') throw new BadLine('has no `aggregate_id` (a UUID as text)')
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
    throw new BadLine('has no `payload` (an object)')
  return {
    aggregateId: aggregate_id,
    payload,
    options: {
      ...(occurred_at !== undefined && { occurredAt: timeOf(occurred_at) }),
      ...(id !== undefined && { id: textOf('id', id) }),
      ...Object.fromEntries(
        whoNames.flatMap(name => (line[name] === undefined ? [] : [[name, textOf(name, line[name])]]))
      )
    }
  }
}

function parseObject(bytes: Buffer): Record<string, unknown> {
  // Decoding would replace what is wrong by U+FFFD, and what is stored would not be what was given.
  if (!isUtf8(bytes)) throw new BadLine('is not UTF-8')
  let parsed: unknown
  try {
    parsed = parseExactJson(bytes.toString())
  } catch (error) {
    if (error instanceof DuplicateKeyError) throw new BadLine(`is no event: ${error.message}`)
    // Of the message only the position: the rest quotes the line.
    const position = /at position (\d+)/.exec((error as Error).message)?.[1]
    throw new BadLine(`is not JSON${position === undefined ? '' : ` (at position ${position})`}`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new BadLine('is not a JSON object')
  return parsed as Record<string, unknown>
}

function textOf(key: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw new BadLine(`has ${/^[aeiou]/.test(key) ? 'an' : 'a'} \`${key}\` that is not text`)
}

/** An ISO 8601 time with its zone, to the microsecond, a day, or whole microseconds since 1970 that are no ms or s. */
function timeOf(value: unknown): bigint {
  if (Number.isSafeInteger(value)) {
    const microseconds = BigInt(value as number)
    const fault = occurredAtFault(microseconds)
    if (fault !== undefined) throw new BadLine(`has an \`occurred_at\` that ${fault}`)
    return microseconds
  }
  const nanos = typeof value === 'string' ? (nanosOf(value, 'instant') ?? nanosOf(value, 'day')) : undefined
  if (nanos === undefined || nanos % 1_000n !== 0n)
    throw new BadLine(
      'has an `occurred_at` that is neither a time like "2026-09-01T08:00:00Z" nor whole microseconds since 1970'
    )
  return nanos / 1_000n
}
