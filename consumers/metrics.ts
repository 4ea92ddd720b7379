import { anyText, counter, gauge, histogram, shortTimes } from '../observability/index.ts'

const group = { group: anyText }
const partition = { group: anyText, topic: anyText, partition: anyText }

/** The metrics of a consumer group. */
export const groupMetrics = {
  eventtrail_group_handled_total: counter('messages', 'messages whose handler succeeded', group),
  eventtrail_group_retried_total: counter('attempts', 'handler attempts that failed and were retried', group),
  eventtrail_group_dead_lettered_total: counter('messages', 'messages published to the dead-letter topic', group),
  eventtrail_group_lost_total: counter(
    'offsets',
    'offsets deleted from Kafka before the group read them: no handler gets their messages',
    group
  ),
  eventtrail_group_rebalances_total: counter('joins', 'times that this member was assigned its partitions', group),
  eventtrail_group_rebuilds_total: counter(
    'consumers',
    'Kafka consumers rebuilt, by cause: ended by itself, or stalled without progress',
    { ...group, cause: ['ended', 'stalled'] }
  ),
  eventtrail_group_lag: gauge(
    'offsets',
    'consumer lag of the assigned partitions: messages in Kafka that are not committed, counted in offsets',
    partition
  ),
  eventtrail_group_blocked_by_transaction_records: gauge(
    'offsets',
    'part of the lag that waits for an open transaction of another producer, counted in offsets; only partitions with an open transaction',
    partition
  ),
  eventtrail_group_blocked_by_transaction_seconds: gauge(
    'seconds',
    'time since this process first saw the open transaction that blocks a partition; only partitions with an open transaction',
    partition
  ),
  eventtrail_group_partitions: gauge('partitions', 'partitions assigned to this member', group),
  eventtrail_group_partitions_unread: gauge(
    'partitions',
    'partitions assigned to this member that Kafka does not let it read: no READ on the topic, or a fault of the broker',
    group
  ),
  eventtrail_group_topics_missing: gauge(
    'topics',
    'topics of the group that do not exist in Kafka, or that Kafka hides from it',
    group
  ),
  eventtrail_group_queued: gauge('messages', 'messages fetched and not started', group),
  eventtrail_group_running: gauge(
    'messages',
    'messages whose handler is running or waiting for its next attempt',
    group
  ),
  eventtrail_group_uncommitted: gauge('messages', 'messages that would be delivered again after a crash', group),
  eventtrail_group_parked_aggregates: gauge(
    'aggregates',
    'aggregates parked in the partitions of this member: their events go to the dead letters until they are redriven',
    group
  ),
  eventtrail_group_oldest_running_seconds: gauge(
    'seconds',
    'time since the oldest running message was started; 0 when none is running',
    group
  ),
  eventtrail_group_hanging: gauge(
    'handlers',
    'handlers that have been running for `hangAfterMs` or longer: their aggregates wait',
    group
  ),
  eventtrail_group_topics_stopped: gauge(
    'topics',
    'topics that this member does not read because most of their latest messages became dead letters',
    group
  ),
  eventtrail_group_partitions_paused: gauge(
    'partitions',
    'partitions assigned to this member that someone asked to be paused',
    group
  ),
  eventtrail_group_held_bytes: gauge('bytes', 'bytes of messages that were fetched and are not finished', group),
  eventtrail_group_progress_age_seconds: gauge(
    'seconds',
    'time since a message was last finished, or since Kafka last had nothing new',
    group
  ),
  eventtrail_group_handler_seconds: histogram(shortTimes, 'time of one call of a handler, failed calls included', group)
}
export type GroupMetrics = typeof groupMetrics
