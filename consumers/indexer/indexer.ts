import { checkOptions, type Rules, rule } from '../../core/index.ts'
import type { EnvelopeOf, EventMap } from '../../schemas/index.ts'
import { RejectMessage } from '../errors.ts'
import { createConsumerGroup } from '../group.ts'
import { handlersFrom } from '../handlers-from.ts'
import { type ConsumerGroupOptions, ownHandlersRules } from '../options.ts'
import type { ConsumerGroup } from '../types.ts'
import type { Documents, SearchDocument } from './documents.ts'
import type { SearchIndex } from './search-index.ts'

export interface IndexerOptions<Events extends EventMap>
  extends Omit<ConsumerGroupOptions<Events>, 'handlers' | 'group'> {
  /** Default `indexer`. */
  readonly group?: string
  /** What is kept of each event. */
  readonly documents: Documents<Events>
  /** Where the documents go; the caller closes it. */
  readonly index: SearchIndex
}

const optionRules: Rules<IndexerOptions<EventMap>> = {
  ...ownHandlersRules,
  documents: rule.required(rule.mappings()),
  index: rule.required(rule.withMethods(['put'], 'a search index, such as `postgresIndex(connection)`'))
}

/**
 * A consumer group that keeps a search document for each event that has a mapping in `documents`.
 * @throws OptionsError
 */
export function createIndexer<Events extends EventMap>(given: IndexerOptions<Events>): ConsumerGroup {
  checkOptions<IndexerOptions<EventMap>>(given as unknown as IndexerOptions<EventMap>, optionRules)
  const { documents, index, group = 'indexer', ...options } = given
  const rules = documents as Readonly<Record<string, AnyDocumentOf<Events>>>
  const handlers = handlersFrom<Events, AnyDocumentOf<Events>>(
    rules,
    documentOf => envelope => put(index, envelope, documentOf(envelope))
  )
  return createConsumerGroup<Events>({ ...options, group, handlers })
}

/** A mapping, whatever its event is. */
type AnyDocumentOf<Events extends EventMap> = (envelope: EnvelopeOf<Events>) => SearchDocument | undefined

async function put<Events extends EventMap>(
  index: SearchIndex,
  { id, event_name, occurred_at }: EnvelopeOf<Events>,
  document: SearchDocument | undefined
): Promise<void> {
  if (document === undefined) return
  if (document.id === '') throw new RejectMessage('the document of the event has no id')
  await index.put({ ...document, event_name, event_id: id, occurred_at })
}
