import { refusalCodes } from '../core/index.ts'

/** What one metric is: the table below is all there are, and docs/metrics.md is made from it. */
export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** Which kind of process has it. */
  readonly part: 'process' | 'sink' | 'group' | 'notifier'
  readonly help: string
  readonly labels: readonly string[]
  /** All that a label can say, where that is known beforehand: such series stand at 0 before their first count. */
  readonly values?: Readonly<Record<string, readonly string[]>>
  readonly unit: string
  /** Upper bounds of a histogram, in its unit. */
  readonly buckets?: readonly number[]
}

const causes = ['ended', 'stalled'] as const
const milliseconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const
const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600] as const

/**
 * Every metric there is, by its name. Labels name groups, topics, partitions and codes: never an id, a person or
 * anything out of a payload.
 */
export const metrics = {
  eventtrail_ready: {
    type: 'gauge',
    part: 'process',
    help: '1 while /readyz says so, else 0',
    labels: [],
    unit: ''
  },
  eventtrail_metrics_folded_series: {
    type: 'gauge',
    part: 'process',
    help: 'series of a metric that are told together as topic="other", because it has more than EVENTTRAIL_METRICS_MAX_SERIES; no series while none has',
    labels: ['metric'],
    unit: 'series'
  },
  eventtrail_sink_rows_total: {
    type: 'counter',
    part: 'sink',
    help: 'rows that this process has stored in the trail',
    labels: [],
    unit: 'rows'
  },
  eventtrail_sink_batches_total: {
    type: 'counter',
    part: 'sink',
    help: 'batches written, by why each was closed: rows, bytes, linger or drain',
    labels: ['trigger'],
    values: { trigger: ['rows', 'bytes', 'linger', 'drain'] },
    unit: 'batches'
  },
  eventtrail_sink_duplicates_total: {
    type: 'counter',
    part: 'sink',
    help: 'events that stood in the trail already',
    labels: [],
    unit: 'records'
  },
  eventtrail_sink_quarantined_total: {
    type: 'counter',
    part: 'sink',
    help: 'records that went into quarantine, by the code of the reason',
    labels: ['code'],
    values: { code: refusalCodes },
    unit: 'records'
  },
  eventtrail_sink_retries_total: {
    type: 'counter',
    part: 'sink',
    help: 'writes that failed and were tried again',
    labels: [],
    unit: 'writes'
  },
  eventtrail_sink_fenced_total: {
    type: 'counter',
    part: 'sink',
    help: 'stretches that were left because another sink had the partition or had stopped it',
    labels: [],
    unit: 'stretches'
  },
  eventtrail_sink_gaps_total: {
    type: 'counter',
    part: 'sink',
    help: 'stretches that were removed from the log before they were read',
    labels: [],
    unit: 'stretches'
  },
  eventtrail_sink_lost_total: {
    type: 'counter',
    part: 'sink',
    help: 'offsets in those stretches',
    labels: [],
    unit: 'offsets'
  },
  eventtrail_sink_rebalances_total: {
    type: 'counter',
    part: 'sink',
    help: 'times that this process was given its partitions',
    labels: [],
    unit: 'joins'
  },
  eventtrail_sink_rebuilds_total: {
    type: 'counter',
    part: 'sink',
    help: 'Kafka consumers built anew: one had ended, or stood still (stalled)',
    labels: ['cause'],
    values: { cause: causes },
    unit: 'consumers'
  },
  eventtrail_sink_sessions_abandoned_total: {
    type: 'counter',
    part: 'sink',
    help: 'database sessions given up because Postgres no longer knew them in the middle of a write',
    labels: [],
    unit: 'sessions'
  },
  eventtrail_sink_lag: {
    type: 'gauge',
    part: 'sink',
    help: 'records of the partitions of this process that are in Kafka and not in the trail; counted in offsets',
    labels: ['topic', 'partition'],
    unit: 'offsets'
  },
  eventtrail_sink_blocked_by_transaction_records: {
    type: 'gauge',
    part: 'sink',
    help: 'part of the lag that waits for an open transaction of another producer, counted in offsets; only partitions in which one is open',
    labels: ['topic', 'partition'],
    unit: 'offsets'
  },
  eventtrail_sink_blocked_by_transaction_seconds: {
    type: 'gauge',
    part: 'sink',
    help: 'time since this process first saw the open transaction that holds back a partition; only partitions in which one is open',
    labels: ['topic', 'partition'],
    unit: 'seconds'
  },
  eventtrail_sink_partitions: {
    type: 'gauge',
    part: 'sink',
    help: 'partitions that this process reads',
    labels: [],
    unit: 'partitions'
  },
  eventtrail_sink_partitions_halted: {
    type: 'gauge',
    part: 'sink',
    help: 'those of them that are stopped: eventtrail doctor says why',
    labels: [],
    unit: 'partitions'
  },
  eventtrail_sink_partitions_unread: {
    type: 'gauge',
    part: 'sink',
    help: 'assigned partitions that Kafka does not let this process read: no READ on the topic, or a fault of the broker',
    labels: [],
    unit: 'partitions'
  },
  eventtrail_sink_topics: {
    type: 'gauge',
    part: 'sink',
    help: 'topics by their state: read; missing in Kafka; hidden by its access control; unregistered, read before and without a subject; almost, with a latest schema that is no envelope; forgotten by an operator; beyond the number that a sink reads',
    labels: ['state'],
    values: { state: ['read', 'missing', 'hidden', 'unregistered', 'almost', 'forgotten', 'beyond'] },
    unit: 'topics'
  },
  eventtrail_sink_pending_rows: {
    type: 'gauge',
    part: 'sink',
    help: 'rows that were read and are not stored yet',
    labels: [],
    unit: 'rows'
  },
  eventtrail_sink_progress_age_seconds: {
    type: 'gauge',
    part: 'sink',
    help: 'time since something was stored, or since Kafka was last found to have nothing new',
    labels: [],
    unit: 'seconds'
  },
  eventtrail_sink_copy_seconds: {
    type: 'histogram',
    part: 'sink',
    help: 'getting the rows of a batch into the table: COPY, and what a duplicate or a bad row costs',
    labels: [],
    unit: 'seconds',
    buckets: milliseconds
  },
  eventtrail_sink_publish_latency_seconds: {
    type: 'histogram',
    part: 'sink',
    help: "from the record's time in Kafka to its COMMIT: one value for each stretch of a partition, of its last record",
    labels: [],
    unit: 'seconds',
    buckets: seconds
  },
  eventtrail_group_handled_total: {
    type: 'counter',
    part: 'group',
    help: 'messages whose handler succeeded',
    labels: ['group'],
    unit: 'messages'
  },
  eventtrail_group_retried_total: {
    type: 'counter',
    part: 'group',
    help: 'attempts that failed and were followed by another',
    labels: ['group'],
    unit: 'attempts'
  },
  eventtrail_group_dead_lettered_total: {
    type: 'counter',
    part: 'group',
    help: 'messages that went to the dead-letter topic',
    labels: ['group'],
    unit: 'messages'
  },
  eventtrail_group_lost_total: {
    type: 'counter',
    part: 'group',
    help: 'offsets that were removed from Kafka before the group had read them: no handler gets what they held',
    labels: ['group'],
    unit: 'offsets'
  },
  eventtrail_group_rebalances_total: {
    type: 'counter',
    part: 'group',
    help: 'times that this member was given its partitions',
    labels: ['group'],
    unit: 'joins'
  },
  eventtrail_group_rebuilds_total: {
    type: 'counter',
    part: 'group',
    help: 'Kafka consumers built anew: one had ended, or stood still (stalled)',
    labels: ['group', 'cause'],
    values: { cause: causes },
    unit: 'consumers'
  },
  eventtrail_group_lag: {
    type: 'gauge',
    part: 'group',
    help: 'messages of the partitions of this member that are in Kafka and not committed; counted in offsets',
    labels: ['group', 'topic', 'partition'],
    unit: 'offsets'
  },
  eventtrail_group_blocked_by_transaction_records: {
    type: 'gauge',
    part: 'group',
    help: 'part of the lag that waits for an open transaction of another producer, counted in offsets; only partitions in which one is open',
    labels: ['group', 'topic', 'partition'],
    unit: 'offsets'
  },
  eventtrail_group_blocked_by_transaction_seconds: {
    type: 'gauge',
    part: 'group',
    help: 'time since this process first saw the open transaction that holds back a partition; only partitions in which one is open',
    labels: ['group', 'topic', 'partition'],
    unit: 'seconds'
  },
  eventtrail_group_partitions: {
    type: 'gauge',
    part: 'group',
    help: 'partitions that this member reads',
    labels: ['group'],
    unit: 'partitions'
  },
  eventtrail_group_topics_missing: {
    type: 'gauge',
    part: 'group',
    help: 'topics of the group that are not in Kafka, or that Kafka does not let it see',
    labels: ['group'],
    unit: 'topics'
  },
  eventtrail_group_queued: {
    type: 'gauge',
    part: 'group',
    help: 'messages that were fetched and not started',
    labels: ['group'],
    unit: 'messages'
  },
  eventtrail_group_running: {
    type: 'gauge',
    part: 'group',
    help: 'messages whose handler runs or waits for its next attempt',
    labels: ['group'],
    unit: 'messages'
  },
  eventtrail_group_uncommitted: {
    type: 'gauge',
    part: 'group',
    help: 'messages that a crash would deliver again',
    labels: ['group'],
    unit: 'messages'
  },
  eventtrail_group_oldest_running_seconds: {
    type: 'gauge',
    part: 'group',
    help: 'time since the oldest running message was started; 0 when nothing runs',
    labels: ['group'],
    unit: 'seconds'
  },
  eventtrail_group_progress_age_seconds: {
    type: 'gauge',
    part: 'group',
    help: 'time since a message was finished, or since Kafka was last found to have nothing new',
    labels: ['group'],
    unit: 'seconds'
  },
  eventtrail_group_handler_seconds: {
    type: 'histogram',
    part: 'group',
    help: 'one call of a handler, failed ones included',
    labels: ['group'],
    unit: 'seconds',
    buckets: milliseconds
  },
  eventtrail_notifier_mails_total: {
    type: 'counter',
    part: 'notifier',
    help: 'mails by result: sent, refused for good, failed and tried again, unwanted by the recipient',
    labels: ['result'],
    values: { result: ['sent', 'refused', 'failed', 'unwanted'] },
    unit: 'mails'
  }
} as const satisfies Record<string, MetricSpec>

export type MetricName = keyof typeof metrics
export type MetricPart = (typeof metrics)[MetricName]['part']
