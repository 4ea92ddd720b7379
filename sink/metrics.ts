import { anyText, counter, gauge, histogram, longTimes, shortTimes } from '../observability/index.ts'
import { recordFaultCodes } from '../trail/index.ts'

const partition = { topic: anyText, partition: anyText }

/** The metrics of a sink. */
export const sinkMetrics = {
  eventtrail_sink_rows_total: counter('rows', 'rows that this process has stored in the trail'),
  eventtrail_sink_batches_total: counter(
    'batches',
    'batches written, by what closed each: rows, bytes, linger or drain',
    {
      trigger: ['rows', 'bytes', 'linger', 'drain']
    }
  ),
  eventtrail_sink_duplicates_total: counter('records', 'events that were in the trail already'),
  eventtrail_sink_quarantined_total: counter('records', 'records put into quarantine, by the code of the reason', {
    code: recordFaultCodes
  }),
  eventtrail_sink_statements_total: counter(
    'statements',
    'statements of the proof written or extended, each in the transaction of its rows'
  ),
  eventtrail_sink_statements_refused_total: counter(
    'statements',
    'statements that the database did not take, since they were sealed by then: their batch was written again'
  ),
  eventtrail_sink_retries_total: counter('writes', 'writes that failed and were retried'),
  eventtrail_sink_fenced_total: counter(
    'chunks',
    'chunks of a partition discarded because another sink had taken over the partition or halted it'
  ),
  eventtrail_sink_gaps_total: counter('gaps', 'gaps in the log: runs of offsets deleted before the sink read them'),
  eventtrail_sink_lost_total: counter('offsets', 'offsets deleted from the log before the sink read them'),
  eventtrail_sink_rebalances_total: counter('joins', 'times that this process was assigned its partitions'),
  eventtrail_sink_rebuilds_total: counter(
    'consumers',
    'Kafka consumers rebuilt, by cause: ended by itself, or stalled without progress',
    { cause: ['ended', 'stalled'] }
  ),
  eventtrail_sink_sessions_abandoned_total: counter(
    'sessions',
    'database sessions abandoned because their Postgres backend was gone during a write'
  ),
  eventtrail_sink_lag: gauge(
    'offsets',
    'consumer lag of the assigned partitions: records in Kafka that are not in the trail, counted in offsets',
    partition
  ),
  eventtrail_sink_blocked_by_transaction_records: gauge(
    'offsets',
    'part of the lag that waits for an open transaction of another producer, counted in offsets; only partitions with an open transaction',
    partition
  ),
  eventtrail_sink_blocked_by_transaction_seconds: gauge(
    'seconds',
    'time since this process first saw the open transaction that blocks a partition; only partitions with an open transaction',
    partition
  ),
  eventtrail_sink_partitions: gauge('partitions', 'partitions assigned to this process'),
  eventtrail_sink_partitions_halted: gauge(
    'partitions',
    'assigned partitions that are halted; `eventtrail doctor` shows why'
  ),
  eventtrail_sink_partitions_unread: gauge(
    'partitions',
    'assigned partitions that Kafka does not let this process read: no READ on the topic, or a fault of the broker'
  ),
  eventtrail_sink_topics: gauge(
    'topics',
    'topics by state: read; missing in Kafka; hidden by its access control; unregistered, read before and now without a subject; almost, with a latest schema that is no envelope; forgotten by an operator; beyond the number of topics that a sink reads',
    { state: ['read', 'missing', 'hidden', 'unregistered', 'almost', 'forgotten', 'beyond'] }
  ),
  eventtrail_sink_months_missing: gauge(
    'partitions',
    'partitions of this month and the coming ones that are missing and that the role of this sink may not create: `eventtrail migrate --months-ahead` as the owner'
  ),
  eventtrail_sink_pending_rows: gauge('rows', 'rows that were read and are not stored yet'),
  eventtrail_sink_progress_age_seconds: gauge(
    'seconds',
    'time since rows were last stored, or since Kafka last had nothing new'
  ),
  eventtrail_sink_copy_seconds: histogram(
    shortTimes,
    'time to get the rows of a batch into the table: COPY, and the handling of duplicates and bad rows'
  ),
  eventtrail_sink_publish_latency_seconds: histogram(
    longTimes,
    "time from a record's timestamp in Kafka to its COMMIT: one value for each chunk of a partition, of its last record"
  )
}
export type SinkMetrics = typeof sinkMetrics
