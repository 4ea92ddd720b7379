import { checkOptions, type Rules, rule, silentLogger } from '../../core/index.ts'
import type { EnvelopeOf, EventMap, EventName } from '../../schemas/index.ts'
import { createConsumerGroup } from '../group.ts'
import { type ConsumerGroupOptions, ownHandlersRules } from '../options.ts'
import type { BatchContext, BatchHandler, ConsumerGroup, Handlers } from '../types.ts'
import type { Documents, SearchDeletion, SearchDocument } from './documents.ts'
import { defaultKeepEndsMs, removesEnds } from './ends.ts'
import type { IndexedChange, SearchIndex } from './search-index.ts'

export interface IndexerOptions<Events extends EventMap>
  extends Omit<ConsumerGroupOptions<Events>, 'handlers' | 'group'> {
  /** Default `indexer`. */
  readonly group?: string
  /** What is kept of each event. */
  readonly documents: Documents<Events>
  /** Where the documents go; the caller closes it. */
  readonly index: SearchIndex
  /**
   * ms for which the end of a document is kept, so that an older event does not bring it back; longer than one may come.
   * `Infinity`: ends are kept. Default: 60 days.
   */
  readonly keepEndsMs?: number
}

const optionRules: Rules<IndexerOptions<EventMap>> = {
  ...ownHandlersRules,
  documents: rule.required(rule.mappings()),
  index: rule.required(rule.withMethods(['putMany'], 'a search index, such as `postgresIndex(connection)`')),
  keepEndsMs: rule.such(value => typeof value === 'number' && value > 0, 'ms, or Infinity')
}

/**
 * A consumer group that keeps a search document for each event that has a mapping in `documents`, of many events with one
 * request.
 * @throws OptionsError
 */
export function createIndexer<Events extends EventMap>(given: IndexerOptions<Events>): ConsumerGroup {
  checkOptions<IndexerOptions<EventMap>>(given as unknown as IndexerOptions<EventMap>, optionRules)
  const { documents, index, group = 'indexer', keepEndsMs: keepMs = defaultKeepEndsMs, ...options } = given
  const afterWrite = removesEnds({ index, keepMs, log: options.log ?? silentLogger })
  const rules = Object.entries(documents as Readonly<Record<string, AnyDocumentOf<Events> | undefined>>)
  const handlers = rules.flatMap(([name, documentOf]) => {
    if (documentOf === undefined) return []
    const batch: BatchHandler<Events, EventName<Events>> = {
      maxEvents,
      onBatch: async (events, context) => {
        await putAll(index, documentOf, events, context)
        afterWrite()
      }
    }
    // Middlewares are of single events.
    return [[name, options.use === undefined ? batch : putOne(index, documentOf, afterWrite)] as const]
  })
  // Each rule is of the event that it is listed under.
  return createConsumerGroup<Events>({ ...options, group, handlers: Object.fromEntries(handlers) as Handlers<Events> })
}

/** Events whose documents are written in one request. */
const maxEvents = 500

/** A mapping, whatever its event is. */
type AnyDocumentOf<Events extends EventMap> = (
  envelope: EnvelopeOf<Events>
) => SearchDocument | SearchDeletion | undefined

const changeOf = <Events extends EventMap>(
  documentOf: AnyDocumentOf<Events>,
  envelope: EnvelopeOf<Events>
): IndexedChange | undefined => {
  const { id, event_name, occurred_at } = envelope
  const document = documentOf(envelope)
  return document && { ...document, event_name, event_id: id, occurred_at }
}

const putOne =
  <Events extends EventMap>(index: SearchIndex, documentOf: AnyDocumentOf<Events>, afterWrite: () => void) =>
  async (envelope: EnvelopeOf<Events>): Promise<void> => {
    const change = changeOf(documentOf, envelope)
    const [refused] = change === undefined ? [] : await index.putMany([change])
    afterWrite()
    if (refused !== undefined) throw refused
  }

/** One event that has no document, or whose document the index refuses, fails alone. */
async function putAll<Events extends EventMap>(
  index: SearchIndex,
  documentOf: AnyDocumentOf<Events>,
  events: readonly EnvelopeOf<Events>[],
  context: BatchContext<EnvelopeOf<Events>>
): Promise<void> {
  const all: { readonly event: EnvelopeOf<Events>; readonly change: IndexedChange }[] = []
  for (const event of events) {
    try {
      const change = changeOf(documentOf, event)
      if (change !== undefined) all.push({ event, change })
    } catch (error) {
      context.fail(event, error)
    }
  }
  const written = all.filter(({ event }) => !context.hasFailed(event))
  const refusals = await index.putMany(written.map(({ change }) => change))
  for (const [at, refused] of refusals.entries()) {
    const event = written[at]?.event
    if (refused !== undefined && event !== undefined) context.fail(event, refused)
  }
}
