import type { KafkaRecord, ReadPortion, UnreadableBatch } from '../../kafka/index.ts'
import type { Routes } from '../dead-letters/index.ts'
import type { Message } from '../pipeline/index.ts'
import type { AssignedPartition } from '../progress/index.ts'
import type { HeldBytes, SharedBytes } from './backpressure.ts'

/**
 * A message, and the memory that it keeps. A class, because V8 puts all objects of a literal into the old space at once
 * where most of the first ones grew old (decision 0070).
 */
export class FetchedMessage implements Message {
  readonly eventName: string
  readonly lane: string
  readonly source: AssignedPartition
  readonly redriven: Message['redriven']
  readonly unreadable: Message['unreadable']
  /** Set by {@link holdEach}, as is a copy of the record. */
  shared: SharedBytes
  record: KafkaRecord
  fault: Message['fault']

  constructor(found: Found, routes: Routes, source: AssignedPartition, shared = notHeld) {
    const isWhole = found instanceof WholeBatch
    const record = isWhole ? found.record : found
    const { eventName, lane, redriven } = routes.of(source, record)
    this.eventName = eventName
    this.lane = lane
    this.source = source
    this.redriven = redriven
    this.unreadable = isWhole ? found.unreadable : undefined
    this.shared = shared
    this.record = record
    this.fault = undefined
  }
}

const notHeld: SharedBytes = { bytes: 0, messages: 0 }

/** A batch of the log that cannot be read: one message that has its bytes. */
class WholeBatch {
  readonly record: KafkaRecord
  readonly unreadable: Message['unreadable']

  constructor({ baseOffset, bytes, timestamp, code, reason }: UnreadableBatch) {
    this.record = { offset: baseOffset, key: null, value: bytes, headers: [], timestamp }
    this.unreadable = { code, reason }
  }

  get offset(): number {
    return this.record.offset
  }
}

type Found = KafkaRecord | WholeBatch

/**
 * Messages of a larger portion get bytes of their own: one that waits for long must not keep all of it in memory, unless
 * it is most of it.
 */
const sharedUpTo = 1024 * 1024
/** What a message takes in memory, besides its bytes. */
const bytesPerMessage = 1024

/** What a portion holds, in the order of the log. */
export function messagesIn({ messages, unreadable }: Pick<ReadPortion, 'messages' | 'unreadable'>): readonly Found[] {
  if (unreadable.length === 0) return messages
  const batches = unreadable.map(batch => new WholeBatch(batch))
  return [...messages, ...batches].sort((one, other) => one.offset - other.offset)
}

/**
 * Counts the bytes of those messages of a portion that were taken, each with its share. Nothing else of the portion may
 * be read from here on.
 */
export function holdEach(
  taken: readonly Pick<FetchedMessage, 'record' | 'shared'>[],
  { records, unreadable }: Pick<ReadPortion, 'records' | 'unreadable'>,
  held: HeldBytes
): void {
  const bytes = unreadable.reduce((sum, batch) => sum + batch.bytes.length, records.bytes)
  const value = taken.length === 1 ? taken[0]?.record.value : undefined
  const isMostOfIt = value != null && 2 * value.length > value.buffer.byteLength
  if (bytes <= sharedUpTo || isMostOfIt) {
    const shared = held.hold(bytes + taken.length * bytesPerMessage, taken.length)
    for (const message of taken) message.shared = shared
    return
  }
  for (const message of taken) {
    const own = copyOf(message.record)
    const size = (own.key?.length ?? 0) + (own.value?.length ?? 0) + bytesPerMessage
    message.record = own
    message.shared = held.hold(size, 1)
  }
  records.release()
}

const copyOf = (record: KafkaRecord): KafkaRecord => ({
  ...record,
  key: record.key && Buffer.from(record.key),
  value: record.value && Buffer.from(record.value),
  headers: record.headers.map(([name, value]) => [name, value && Buffer.from(value)] as const)
})
