import { catalogue, type Events } from '../../schemas/catalogue/index.ts'
import { createConsumerGroup } from '../group.ts'
import type { ConsumerGroupOptions } from '../options.ts'
import type { ConsumerGroup } from '../types.ts'
import type { SearchIndex } from './search-index.ts'

export interface IndexerOptions extends Omit<ConsumerGroupOptions<Events>, 'handlers' | 'catalogue' | 'group'> {
  /** Default `indexer`. */
  readonly group?: string
  /** Where the documents go; the caller closes it. */
  readonly index: SearchIndex
}

/** A consumer group that keeps one search document per lesson from `lesson.published`. */
export function createIndexer({ index, group = 'indexer', ...options }: IndexerOptions): ConsumerGroup {
  return createConsumerGroup<Events>({
    ...options,
    group,
    catalogue,
    handlers: {
      'lesson.published': ({ id, occurred_at, payload: { lesson_id, course_id, instructor_id, title } }) =>
        index.put({ lesson_id, course_id, instructor_id, title, published_at: occurred_at, event_id: id })
    }
  })
}
