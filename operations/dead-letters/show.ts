import type { Header, KafkaRecord } from '../../kafka/index.ts'
import { encodeAgain, type SchemaBook } from '../../trail/index.ts'
import { act, type Operator } from '../actions/index.ts'
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
  /** Only where it was asked for. */
  readonly content?: { readonly key: string | null; readonly value: string | null }
}

export interface ShowRequest extends GroupName {
  readonly offset: number
  /** Show key, value and all headers, which may be personal data: recorded, with this reason. Default: neither. */
  readonly contentReason?: string
}

/** Of the group and of a redrive: they hold codes and coordinates. */
const withoutContent = /^(?:dead-letter-|redrive-|__connect\.errors\.)/

/**
 * Shows a letter: its headers, whether it can be read now, and its content where a reason is given.
 * @throws OperationsError `LETTER_UNKNOWN`, `NOT_RECORDED`; KafkaError
 */
export async function showLetter(
  parts: CatalogueParts & { readonly book: SchemaBook },
  operator: Operator,
  request: ShowRequest
): Promise<ShownLetter> {
  const { offset, contentReason: reason, topicPrefix } = request
  const topic = await readCatalogue(parts, request)
  const [listed] = await listLetters(parts.pool, topic, { state: 'all', limit: 1, offset })
  if (!listed || listed.offset !== offset) throw unknown(topic.topic, offset)
  const record = (await new LetterPages(parts.reader, topic.topic).read([offset])).get(offset)
  if (!record) throw unknown(topic.topic, offset)
  const shown = {
    ...listed,
    headers: record.headers.map(header => shownHeader(header, reason !== undefined)),
    fault: await faultOf(parts.book, record, topicPrefix)
  }
  if (reason === undefined) return shown
  const target = { group: topic.groupId, topicId: topic.topicId, offset }
  return act(parts.pool, operator, { operation: 'dead-letters show', target, reason }, async () => ({
    ...shown,
    content: { key: record.key?.toString('base64') ?? null, value: record.value?.toString('base64') ?? null }
  }))
}

function shownHeader([name, value]: Header, whole: boolean): ShownHeader {
  const bytes = value?.length ?? 0
  return whole || withoutContent.test(name) ? { name, value: value?.toString('utf8') ?? '', bytes } : { name, bytes }
}

async function faultOf(book: SchemaBook, record: KafkaRecord, topicPrefix: string): Promise<ShownLetter['fault']> {
  const { source } = letterFactsOf(record)
  if (!source?.topic.startsWith(topicPrefix))
    return { code: 'TOPIC_OF_ANOTHER_PREFIX', reason: 'it is not of a topic with this prefix' }
  const encoded = await encodeAgain(book, { ...record, ...source }, source.topic.slice(topicPrefix.length))
  return 'fault' in encoded ? { code: encoded.fault.code, reason: encoded.fault.reason } : undefined
}

const unknown = (topic: string, offset: number): OperationsError =>
  new OperationsError('LETTER_UNKNOWN', `${topic} has no letter at offset ${offset}: \`eventtrail dead-letters list\``)
