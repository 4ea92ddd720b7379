import type { Alert } from './alert.ts'

const group = { group: 'confirmations' }
const partition = { ...group, topic: 'order.placed', partition: '0' }
const source = { source: 'orders' }
const never = '0+0x120'
const once = '0+0x5 1+0x114'

/** Of every process with a status port. */
export const processAlerts: readonly Alert[] = [
  {
    name: 'EventtrailNotReady',
    severity: 'warning',
    metrics: ['eventtrail_ready'],
    expr: 'eventtrail_ready == 0',
    minutes: 5,
    summary: '{{ $labels.instance }} has not been ready for five minutes',
    meaning:
      'The process cannot do all of its work: a server is unreachable, it has no partitions, partitions are halted, or the table takes no rows.',
    action:
      'Ask its `/readyz`: it answers with the reasons in words, and [readiness](metrics.md#readiness) explains each.',
    test: {
      fires: [{ metric: 'eventtrail_ready', values: never }],
      quiet: [{ metric: 'eventtrail_ready', values: '1+0x120' }]
    }
  },
  {
    name: 'EventtrailMetricsFolded',
    severity: 'warning',
    metrics: ['eventtrail_metrics_folded_series'],
    expr: 'eventtrail_metrics_folded_series > 0',
    minutes: 60,
    summary: '{{ $labels.instance }} exports many series of {{ $labels.metric }} together as "other"',
    meaning: 'A metric has more series than `EVENTTRAIL_METRICS_MAX_SERIES`: some partitions are not seen one by one.',
    action: 'Raise `EVENTTRAIL_METRICS_MAX_SERIES` where Prometheus has room for it, or accept it.',
    test: {
      fires: [{ metric: 'eventtrail_metrics_folded_series', labels: { metric: 'x' }, values: '5+0x120' }],
      labels: { metric: 'x' },
      quiet: [{ metric: 'eventtrail_metrics_folded_series', labels: { metric: 'x' }, values: never }]
    }
  }
]

/** Of consumer groups: indexer, notifier, and the handlers of services. */
export const groupAlerts: readonly Alert[] = [
  {
    name: 'EventtrailGroupStuck',
    severity: 'critical',
    metrics: ['eventtrail_group_progress_age_seconds'],
    expr: 'eventtrail_group_progress_age_seconds > 300',
    minutes: 5,
    summary:
      'The group {{ $labels.group }} has finished no message for minutes although some wait ({{ $labels.instance }})',
    meaning: 'Handlers hang or fail again and again, or Kafka gives nothing.',
    action:
      'Ask `/readyz`, then see `eventtrail_group_oldest_running_seconds` and `eventtrail_group_retried_total`: a handler that hangs needs a timeout of its own, one that fails waits for what it calls.',
    test: {
      fires: [{ metric: 'eventtrail_group_progress_age_seconds', labels: group, values: '301+60x120' }],
      labels: group,
      quiet: [{ metric: 'eventtrail_group_progress_age_seconds', labels: group, values: '20+0x120' }]
    }
  },
  {
    name: 'EventtrailGroupLagGrows',
    severity: 'warning',
    metrics: ['eventtrail_group_lag'],
    expr: 'sum without (topic, partition) (eventtrail_group_lag) > 1000 and sum without (topic, partition) (deriv(eventtrail_group_lag[15m])) > 0',
    minutes: 30,
    summary: 'The lag of the group {{ $labels.group }} has been growing for half an hour ({{ $labels.instance }})',
    meaning: 'More is published than its handlers finish.',
    action: 'Start more members (up to one a partition), or raise `concurrency` where the handlers wait for others.',
    test: {
      fires: [{ metric: 'eventtrail_group_lag', labels: partition, values: '2000+100x120' }],
      labels: group,
      quiet: [{ metric: 'eventtrail_group_lag', labels: partition, values: '900000-500x120' }]
    }
  },
  {
    name: 'EventtrailGroupDeadLettered',
    severity: 'warning',
    metrics: ['eventtrail_group_dead_lettered_total'],
    expr: 'increase(eventtrail_group_dead_lettered_total[15m]) > 0',
    minutes: 0,
    summary: 'The group {{ $labels.group }} gave up on messages: they are in its dead-letter topic',
    meaning: 'A handler turned messages down or failed at every attempt, or the messages cannot be read.',
    action:
      'The log line `a message was dead-lettered` has topic, offset and code. Correct the cause, then read them from `<prefix><group>.dead-letters` ([dead letters](consuming.md#dead-letters)).',
    test: {
      fires: [{ metric: 'eventtrail_group_dead_lettered_total', labels: group, values: once }],
      labels: group,
      quiet: [{ metric: 'eventtrail_group_dead_lettered_total', labels: group, values: '9+0x120' }]
    }
  },
  {
    name: 'EventtrailGroupEventsLost',
    severity: 'critical',
    metrics: ['eventtrail_group_lost_total'],
    expr: 'increase(eventtrail_group_lost_total[1h]) > 0',
    minutes: 0,
    summary: 'Kafka removed messages before the group {{ $labels.group }} read them',
    meaning: 'Retention or a deletion of records overtook the group: no handler gets these messages.',
    action: 'What the trail has of them can be read there. Keep `retention.ms` longer than the longest outage.',
    test: {
      fires: [{ metric: 'eventtrail_group_lost_total', labels: group, values: once }],
      labels: group,
      quiet: [{ metric: 'eventtrail_group_lost_total', labels: group, values: never }]
    }
  },
  {
    name: 'EventtrailGroupPartitionsUnread',
    severity: 'critical',
    metrics: ['eventtrail_group_partitions_unread'],
    expr: 'eventtrail_group_partitions_unread > 0',
    minutes: 5,
    summary: 'Kafka does not let the group {{ $labels.group }} read some of its partitions ({{ $labels.instance }})',
    meaning:
      'The right READ on a topic is missing, or a broker cannot read its log. No handler gets the messages of these partitions; those of the others are handled.',
    action:
      '`/readyz` and the log line `partition cannot be read, the others continue` name the topic. Grant READ on it ([rights](production.md#rights-at-kafka)), or look at the log of the broker. The group continues by itself.',
    test: {
      fires: [{ metric: 'eventtrail_group_partitions_unread', labels: group, values: '1+0x120' }],
      labels: group,
      quiet: [{ metric: 'eventtrail_group_partitions_unread', labels: group, values: never }]
    }
  },
  {
    name: 'EventtrailGroupTopicsMissing',
    severity: 'warning',
    metrics: ['eventtrail_group_topics_missing'],
    expr: 'eventtrail_group_topics_missing > 0',
    minutes: 15,
    summary: 'Topics of the group {{ $labels.group }} do not exist, or Kafka hides them from it',
    meaning: 'A handler is there for an event that has no topic, or the right READ on it is missing.',
    action: 'Run `eventtrail schemas register`, or grant READ on the topic ([rights](production.md#rights-at-kafka)).',
    test: {
      fires: [{ metric: 'eventtrail_group_topics_missing', labels: group, values: '1+0x120' }],
      labels: group,
      quiet: [{ metric: 'eventtrail_group_topics_missing', labels: group, values: never }]
    }
  },
  {
    name: 'EventtrailGroupBlockedByTransaction',
    severity: 'warning',
    metrics: ['eventtrail_group_blocked_by_transaction_seconds'],
    expr: 'max without (partition) (eventtrail_group_blocked_by_transaction_seconds) > 300',
    minutes: 1,
    summary: 'A transaction that does not end holds back {{ $labels.topic }} from the group {{ $labels.group }}',
    meaning: 'A producer began a transaction and does not end it.',
    action: 'See [an open transaction](operations.md#an-open-transaction).',
    test: {
      fires: [{ metric: 'eventtrail_group_blocked_by_transaction_seconds', labels: partition, values: '301+60x120' }],
      labels: { ...group, topic: partition.topic },
      quiet: [{ metric: 'eventtrail_group_blocked_by_transaction_seconds', labels: partition, values: '40+0x120' }]
    }
  },
  {
    name: 'EventtrailGroupHandlerHangs',
    severity: 'warning',
    metrics: ['eventtrail_group_oldest_running_seconds'],
    expr: 'eventtrail_group_oldest_running_seconds > 600',
    minutes: 5,
    summary:
      'A handler of the group {{ $labels.group }} has been running for more than ten minutes ({{ $labels.instance }})',
    meaning: 'The handler of one message does not end, or pauses between attempts for long. Its aggregate waits.',
    action:
      'Give what the handler calls a timeout; the handler gets a signal for it. A restart begins the message again.',
    test: {
      fires: [{ metric: 'eventtrail_group_oldest_running_seconds', labels: group, values: '601+60x120' }],
      labels: group,
      quiet: [{ metric: 'eventtrail_group_oldest_running_seconds', labels: group, values: '30+0x120' }]
    }
  },
  {
    name: 'EventtrailGroupRebuilds',
    severity: 'warning',
    metrics: ['eventtrail_group_rebuilds_total'],
    expr: 'sum without (cause) (increase(eventtrail_group_rebuilds_total[30m])) > 3',
    minutes: 0,
    summary: 'The Kafka consumer of the group {{ $labels.group }} was rebuilt several times within half an hour',
    meaning: 'Kafka is unreachable for moments, or the consumer stalls. Messages are late, none is lost.',
    action: 'Look at the brokers and at the network.',
    test: {
      fires: [{ metric: 'eventtrail_group_rebuilds_total', labels: { ...group, cause: 'ended' }, values: '0+1x120' }],
      labels: group,
      quiet: [{ metric: 'eventtrail_group_rebuilds_total', labels: { ...group, cause: 'ended' }, values: once }]
    }
  }
]

/** Of services that publish. */
export const producerAlerts: readonly Alert[] = [
  {
    name: 'EventtrailProducerFailed',
    severity: 'critical',
    metrics: ['eventtrail_producer_failed_total'],
    expr: 'increase(eventtrail_producer_failed_total[15m]) > 0',
    minutes: 0,
    summary: 'Events of the source {{ $labels.source }} were accepted and not acknowledged: {{ $labels.outcome }}',
    meaning: '`failed`: the events are not stored. `unknown`: they may be stored. The publisher got an error for each.',
    action:
      'The service has to publish them again, under the same ids ([what a failure means](producing.md)). Look at the brokers: too few in-sync replicas, or unreachable.',
    test: {
      fires: [{ metric: 'eventtrail_producer_failed_total', labels: { ...source, outcome: 'failed' }, values: once }],
      labels: { ...source, outcome: 'failed' },
      quiet: [{ metric: 'eventtrail_producer_failed_total', labels: { ...source, outcome: 'failed' }, values: never }]
    }
  },
  {
    name: 'EventtrailProducerStalled',
    severity: 'warning',
    metrics: ['eventtrail_producer_unacknowledged', 'eventtrail_producer_published_total'],
    expr: 'min_over_time(eventtrail_producer_unacknowledged[5m]) > 0 and rate(eventtrail_producer_published_total[5m]) == 0',
    minutes: 2,
    summary: 'Events of the source {{ $labels.source }} wait, and Kafka acknowledges none ({{ $labels.instance }})',
    meaning: 'The brokers are unreachable, or have fewer in-sync replicas than `min.insync.replicas`.',
    action: 'Look at the brokers. Events that are not acknowledged before their deadline fail, with an error each.',
    test: {
      fires: [
        { metric: 'eventtrail_producer_unacknowledged', labels: source, values: '20+0x120' },
        { metric: 'eventtrail_producer_published_total', labels: source, values: '100+0x120' }
      ],
      labels: source,
      quiet: [
        { metric: 'eventtrail_producer_unacknowledged', labels: source, values: '20+0x120' },
        { metric: 'eventtrail_producer_published_total', labels: source, values: '100+600x120' }
      ]
    }
  }
]
