import type { KafkaRecord, ReadPortion, UnreadableBatch } from '../../kafka/index.ts'
import type { Message } from '../pipeline/index.ts'
import type { HeldBytes, SharedBytes } from './backpressure.ts'

/** A message, and the memory that it keeps. */
export interface FetchedMessage extends Message {
  readonly shared: SharedBytes
}

type Found = Pick<Message, 'record' | 'unreadable'>

/**
 * Messages of a larger portion get bytes of their own: one that waits for long must not keep all of it in memory, unless
 * it is most of it.
 */
const sharedUpTo = 1024 * 1024
/** What a message takes in memory, besides its bytes. */
const bytesPerMessage = 1024

/** What a portion holds, in the order of the log. A batch that cannot be read is one message that has its bytes. */
export function messagesIn({ messages, unreadable }: Pick<ReadPortion, 'messages' | 'unreadable'>): readonly Found[] {
  const records = messages.map((record): Found => ({ record }))
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
): readonly (Found & Pick<FetchedMessage, 'shared'>)[] {
  const bytes = unreadable.reduce((sum, batch) => sum + batch.bytes.length, records.bytes)
  const value = taken.length === 1 ? taken[0]?.record.value : undefined
  const isMostOfIt = value != null && 2 * value.length > value.buffer.byteLength
  if (bytes <= sharedUpTo || isMostOfIt) {
    const shared = held.hold(bytes + taken.length * bytesPerMessage, taken.length)
    return taken.map(message => ({ ...message, shared }))
  }
  const copies = taken.map(({ record, ...message }) => {
    const own = copyOf(record)
    const size = (own.key?.length ?? 0) + (own.value?.length ?? 0) + bytesPerMessage
    return { ...message, record: own, shared: held.hold(size, 1) }
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
