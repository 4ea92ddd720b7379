import { sealerMetrics, watchMetrics } from '../../../audit/index.ts'
import { groupMetrics } from '../../../consumers/metrics.ts'
import { notifierMetrics } from '../../../consumers/notifier/metrics.ts'
import { type MetricTable, processMetrics } from '../../../observability/metrics.ts'
import { producerMetrics } from '../../../producers/metrics.ts'
import { sinkMetrics } from '../../../sink/metrics.ts'

/** The tables of all rooms, by the word that the names of each begin with after `eventtrail_`. */
export const tables = {
  process: processMetrics,
  sink: sinkMetrics,
  group: groupMetrics,
  notifier: notifierMetrics,
  producer: producerMetrics,
  proof: { ...sealerMetrics, ...watchMetrics }
} satisfies Record<string, MetricTable>

/** Every metric there is. */
export const metrics: MetricTable = Object.assign({}, ...Object.values(tables))
