import type { Header, KafkaRecord } from '../../kafka/index.ts'
import { encodeAgain, idOf, type SchemaBook } from '../../trail/index.ts'
import { OperationsError } from '../errors.ts'
import { type CatalogueParts, readCatalogue } from './catalogue.ts'
import { letterFactsOf } from './letter.ts'
import { LetterPages } from './letter-pages.ts'
import type { GroupName } from './names.ts'
import { type ListedLetter, listLetters } from './store/index.ts'

/** A header as it is shown; of those that the producer set the length alone, unless content was asked for. */
export interface ShownHeader {
  readonly name: string
  readonly value?: string
  readonly bytes: number
}

/** One letter. */
export interface ShownLetter extends ListedLetter {
  readonly headers: readonly ShownHeader[]
  /** Why it cannot be read with the schemas that the registry has now; undefined where it can. */
  readonly fault: { readonly code: string; readonly reason: string } | undefined
  /** The id of its event; undefined where it cannot be read. */
  readonly eventId: string | undefined
  /** Only where it was asked for. */
  readonly content?: { readonly key: string | null; readonly value: string | null }
}

export interface ShowRequest extends GroupName {
  readonly offset: number
  /** Also key, value and all headers, which may be personal data: who shows them records it before. Default false. */
  readonly content?: boolean
}

/** Of the group and of a redrive: they hold codes and coordinates. */
const withoutContent = /^(?:dead-letter-|redrive-|__connect\.errors\.)/

/**
 * Reads a letter: its headers, whether it can be read now, and its content where that is asked for.
 * @throws OperationsError `LETTER_UNKNOWN`; KafkaError
 */
export async function showLetter(
  parts: CatalogueParts & { readonly book: SchemaBook },
  request: ShowRequest
): Promise<ShownLetter> {
  const { offset, content = false, topicPrefix } = request
  const topic = await readCatalogue(parts, request)
  const [listed] = await listLetters(parts.pool, topic, { state: 'all', limit: 1, offset })
  if (!listed || listed.offset !== offset) throw unknown(topic.topic, offset)
  const record = (await new LetterPages(parts.reader, topic.topic).read([offset])).get(offset)
  if (!record) throw unknown(topic.topic, offset)
  const shown = {
    ...listed,
    headers: record.headers.map(header => shownHeader(header, content)),
    ...(await readingOf(parts.book, record, topicPrefix))
  }
  if (!content) return shown
  return {
    ...shown,
    content: { key: record.key?.toString('base64') ?? null, value: record.value?.toString('base64') ?? null }
  }
}

function shownHeader([name, value]: Header, whole: boolean): ShownHeader {
  const bytes = value?.length ?? 0
  return whole || withoutContent.test(name) ? { name, value: value?.toString('utf8') ?? '', bytes } : { name, bytes }
}

/** Whether it can be read, and the id that it has then. */
async function readingOf(
  book: SchemaBook,
  record: KafkaRecord,
  topicPrefix: string
): Promise<Pick<ShownLetter, 'fault' | 'eventId'>> {
  const { source } = letterFactsOf(record)
  if (!source?.topic.startsWith(topicPrefix)) {
    const fault = { code: 'TOPIC_OF_ANOTHER_PREFIX', reason: 'it is not of a topic with this prefix' }
    return { fault, eventId: undefined }
  }
  const encoded = await encodeAgain(book, { ...record, ...source }, source.topic.slice(topicPrefix.length))
  if ('row' in encoded) return { fault: undefined, eventId: idOf(encoded.row) }
  const { code, reason } = encoded.fault
  return { fault: { code, reason }, eventId: undefined }
}

const unknown = (topic: string, offset: number): OperationsError =>
  new OperationsError('LETTER_UNKNOWN', `${topic} has no letter at offset ${offset}: \`eventtrail dead-letters list\``)
