import { anyText, counter, gauge } from '../observability/index.ts'

const source = { source: anyText }

/** The metrics of a producer. The label `source` is its option, empty where it has none. */
export const producerMetrics = {
  eventtrail_producer_published_total: counter('events', 'events that all in-sync replicas acknowledged', source),
  eventtrail_producer_failed_total: counter(
    'events',
    'events that were accepted and not acknowledged, by outcome: not stored (failed), or possibly stored (unknown)',
    { ...source, outcome: ['failed', 'unknown'] }
  ),
  eventtrail_producer_unacknowledged: gauge('events', 'events in the buffer that are not acknowledged yet', source),
  eventtrail_producer_unacknowledged_bytes: gauge('bytes', 'size of the events that are not acknowledged yet', source)
} as const
export type ProducerMetrics = typeof producerMetrics
