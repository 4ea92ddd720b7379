import { aggregateOf, type PlannedLetter } from '../../consumers/index.ts'
import { KafkaError, keyOf, type LogReader, type TopicPartition } from '../../kafka/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { encodeAgain, type SchemaBook } from '../../trail/index.ts'
import type { LetterTopic } from './catalogue.ts'
import { aggregateDigest } from './letter.ts'
import { LetterPages } from './letter-pages.ts'
import { portionsOf } from './plan.ts'
import { handledMessages, sourcesOf } from './store/index.ts'

export interface ExamineParts {
  readonly pool: Pool
  readonly reader: LogReader
  readonly book: SchemaBook
  readonly topicPrefix: string
  readonly signal: AbortSignal
}

/** What a redrive would meet now. Nothing was changed. */
export interface Examination {
  /** Letters that can be read with the schemas that the registry has now. */
  readonly decode: number
  /** Of those that cannot, how many for each code. */
  readonly faults: ReadonlyMap<string, number>
  /** Letters whose message was handled since, from another letter of it. */
  readonly handledSince: number
  /** Letters with a newer event of their aggregate in its topic that is no dead letter: they come after it. */
  readonly newer: number
  /** False where the topics have more records than were looked at: `newer` may be more. */
  readonly lookedAtAll: boolean
  /** Topics whose newer events could not be looked at: they are gone, or READ is missing. */
  readonly unread: readonly string[]
}

/** Records that are looked at for newer events. */
const mostRecords = 250_000

export async function examineLetters(
  parts: ExamineParts,
  topic: LetterTopic,
  letters: readonly PlannedLetter[]
): Promise<Examination> {
  const handled = await handledMessages(parts.pool, topic, letters)
  return {
    ...(await decodeAll(parts, topic, letters)),
    handledSince: handled,
    ...(await findNewer(parts, topic, letters))
  }
}

async function decodeAll(
  { reader, book, topicPrefix, signal }: ExamineParts,
  { topic }: LetterTopic,
  letters: readonly PlannedLetter[]
): Promise<Pick<Examination, 'decode' | 'faults'>> {
  const pages = new LetterPages(reader, topic)
  const faults = new Map<string, number>()
  let decode = 0
  for (const portion of portionsOf(letters, { letters: 500, bytes: 8 * 1024 * 1024 })) {
    signal.throwIfAborted()
    const records = await pages.read(portion.map(({ offset }) => offset))
    for (const { source, offset } of portion) {
      const record = records.get(offset)
      const code = record === undefined ? 'GONE' : await faultOf(book, { ...record, ...source }, topicPrefix)
      if (code === undefined) decode += 1
      else faults.set(code, (faults.get(code) ?? 0) + 1)
    }
  }
  return { decode, faults }
}

async function faultOf(
  book: SchemaBook,
  record: Parameters<typeof encodeAgain>[1],
  topicPrefix: string
): Promise<string | undefined> {
  if (!record.topic.startsWith(topicPrefix)) return 'TOPIC_OF_ANOTHER_PREFIX'
  const encoded = await encodeAgain(book, record, record.topic.slice(topicPrefix.length))
  return 'fault' in encoded ? encoded.fault.code : undefined
}

async function findNewer(
  parts: ExamineParts,
  log: LetterTopic,
  letters: readonly PlannedLetter[]
): Promise<Pick<Examination, 'newer' | 'lookedAtAll' | 'unread'>> {
  const dead = await sourcesOf(parts.pool, log, letters)
  const newest = new Map<string, number>()
  const unread = new Set<string>()
  let budget = mostRecords
  for (const each of Map.groupBy(letters, ({ source }) => keyOf(source)).values()) {
    const [first] = each.toSorted((one, other) => one.source.offset - other.source.offset)
    if (first === undefined || unread.has(first.source.topic)) continue
    const wanted = new Set(each.map(({ aggregate }) => aggregate))
    try {
      budget = await scan(parts, first.source, budget, (offset, key) => {
        const aggregate = key === null ? '' : aggregateDigest(key).toString('hex')
        if (!wanted.has(aggregate) || dead.has(`${keyOf(first.source)}@${offset}`)) return
        newest.set(aggregateOf({ source: first.source, aggregate }), offset)
      })
    } catch (error) {
      if (!(error instanceof KafkaError && ['TOPIC_UNKNOWN', 'NOT_AUTHORIZED'].includes(error.code))) throw error
      unread.add(first.source.topic)
    }
  }
  return {
    newer: letters.filter(letter => (newest.get(aggregateOf(letter)) ?? -1) > letter.source.offset).length,
    lookedAtAll: budget > 0,
    unread: [...unread]
  }
}

/** Walks a partition from a place to its end. @returns how many more records may be looked at */
async function scan(
  { reader, signal }: ExamineParts,
  { topic, partition, offset }: TopicPartition & { readonly offset: number },
  budget: number,
  onRecord: (offset: number, key: Buffer | null) => void
): Promise<number> {
  const source = { topic, partition }
  const starts = await reader.offsetsAt([source], 'start')
  const ends = await reader.offsetsAt([source], 'end')
  const end = ends.get(keyOf(source)) ?? 0
  let left = budget
  for (let next = Math.max(offset + 1, starts.get(keyOf(source)) ?? 0); next < end && left > 0; ) {
    signal.throwIfAborted()
    const page = await reader.page(source, next)
    for (const record of page.records) onRecord(record.offset, record.key)
    left -= page.records.length
    if (page.next === next) break
    next = page.next
  }
  return Math.max(0, left)
}
