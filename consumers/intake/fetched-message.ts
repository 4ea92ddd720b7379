import type { KafkaRecord, ReadPortion, UnreadableBatch } from '../../kafka/index.ts'
import type { Route } from '../dead-letters/index.ts'
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
  readonly record: KafkaRecord
  readonly source: AssignedPartition
  readonly redriven: Message['redriven']
  readonly unreadable: Message['unreadable']
  readonly shared: SharedBytes
  fault: Message['fault']

  constructor({ record, unreadable, shared }: Held, { eventName, lane, redriven }: Route, source: AssignedPartition) {
    this.eventName = eventName
    this.lane = lane
    this.record = record
    this.source = source
    this.redriven = redriven
    this.unreadable = unreadable
    this.shared = shared
    this.fault = undefined
  }
}

type Found = Pick<Message, 'record' | 'unreadable'>
type Held = Found & Pick<FetchedMessage, 'shared'>

/**
 * Messages of a larger portion get bytes of their own: one that waits for long must not keep all of it in memory, unless
 * it is most of it.
 */
const sharedUpTo = 1024 * 1024
/** What a message takes in memory, besides its bytes. */
const bytesPerMessage = 1024

/** What a portion holds, in the order of the log. A batch that cannot be read is one message that has its bytes. */
export function messagesIn({ messages, unreadable }: Pick<ReadPortion, 'messages' | 'unreadable'>): readonly Found[] {
  const records = messages.map((record): Found => ({ record, unreadable: undefined }))
  if (unreadable.length === 0) return records
  return [...records, ...unreadable.map(wholeBatch)].sort((one, other) => one.record.offset - other.record.offset)
}

const wholeBatch = ({ baseOffset, bytes, timestamp, code, reason }: UnreadableBatch): Found => ({
  record: { offset: baseOffset, key: null, value: bytes, headers: [], timestamp },
  unreadable: { code, reason }
})

/**
 * Counts the bytes of those messages of a portion that were taken, each with its share. Nothing else of the portion may
 * be read from here on.
 */
export function holdEach(
  taken: readonly Found[],
  { records, unreadable }: Pick<ReadPortion, 'records' | 'unreadable'>,
  held: HeldBytes
): readonly Held[] {
  const bytes = unreadable.reduce((sum, batch) => sum + batch.bytes.length, records.bytes)
  const value = taken.length === 1 ? taken[0]?.record.value : undefined
  const isMostOfIt = value != null && 2 * value.length > value.buffer.byteLength
  if (bytes <= sharedUpTo || isMostOfIt) {
    const shared = held.hold(bytes + taken.length * bytesPerMessage, taken.length)
    return taken.map(({ record, unreadable }) => ({ record, unreadable, shared }))
  }
  const copies = taken.map(({ record, unreadable }) => {
    const own = copyOf(record)
    const size = (own.key?.length ?? 0) + (own.value?.length ?? 0) + bytesPerMessage
    return { record: own, unreadable, shared: held.hold(size, 1) }
  })
  records.release()
  return copies
}

const copyOf = (record: KafkaRecord): KafkaRecord => ({
  ...record,
  key: record.key && Buffer.from(record.key),
  value: record.value && Buffer.from(record.value),
  headers: record.headers.map(([name, value]) => [name, value && Buffer.from(value)] as const)
})
