import type { Alert } from './alert.ts'

const topicAndPartition = { topic: 'order.placed', partition: '0' }
/** For two hours: 0, or 1 from the sixth minute on. */
const never = '0+0x120'
const once = '0+0x5 1+0x114'

/** Of a sink: what keeps events from the trail, or took some away. */
export const sinkAlerts: readonly Alert[] = [
  {
    name: 'EventtrailSinkAbsent',
    severity: 'critical',
    metrics: ['eventtrail_sink_partitions'],
    expr: 'absent(eventtrail_sink_partitions)',
    minutes: 5,
    summary: 'No sink is scraped: events wait in Kafka until their retention ends',
    meaning:
      'Prometheus has no metric of any sink: none runs, or none is scraped. Events wait in Kafka, for as long as the retention of their topics keeps them.',
    action:
      'Start a sink, or correct the scrape configuration and the network policy. Where one Prometheus watches several environments, add a matcher of each environment to the expression: it is silent while any sink is there.',
    test: {
      fires: [],
      ofProcess: false,
      quiet: [{ metric: 'eventtrail_sink_partitions', values: '6+0x120' }]
    }
  },
  {
    name: 'EventtrailSinkStuck',
    severity: 'critical',
    metrics: ['eventtrail_sink_progress_age_seconds'],
    expr: 'eventtrail_sink_progress_age_seconds > 60',
    minutes: 5,
    summary: '{{ $labels.instance }} has stored nothing for a minute although events wait',
    meaning:
      'Rows were read and are not stored, or Kafka gives nothing. Most often Postgres is unreachable, full or read-only, or another session holds a lock on the table.',
    action:
      'Read the reasons of `/readyz` and the line `writing a batch failed` in the log, then see [troubleshooting](operations.md#troubleshooting). The sink continues by itself. Mind the retention of the topics meanwhile.',
    test: {
      fires: [{ metric: 'eventtrail_sink_progress_age_seconds', values: '61+60x120' }],
      quiet: [{ metric: 'eventtrail_sink_progress_age_seconds', values: '5+0x120' }]
    }
  },
  {
    name: 'EventtrailSinkLagGrows',
    severity: 'warning',
    metrics: ['eventtrail_sink_lag'],
    expr: 'sum without (topic, partition) (eventtrail_sink_lag) > 1000 and sum without (topic, partition) (deriv(eventtrail_sink_lag[15m])) > 0',
    minutes: 30,
    summary: 'The lag of {{ $labels.instance }} has been growing for half an hour',
    meaning: 'More is published than this sink stores, or some of its partitions wait.',
    action:
      'Look at the other alerts first: halted, unread and blocked partitions have a lag that grows. Otherwise compare the load of Postgres with [its size](production.md#sizing), then start another sink or raise `--connections`.',
    test: {
      fires: [{ metric: 'eventtrail_sink_lag', labels: topicAndPartition, values: '2000+100x120' }],
      quiet: [{ metric: 'eventtrail_sink_lag', labels: topicAndPartition, values: '900000-500x120' }]
    }
  },
  {
    name: 'EventtrailSinkPartitionsHalted',
    severity: 'critical',
    metrics: ['eventtrail_sink_partitions_halted'],
    expr: 'eventtrail_sink_partitions_halted > 0',
    minutes: 1,
    summary: '{{ $labels.instance }} has halted partitions: they wait for an operator',
    meaning:
      'The log of a partition is not the one that was read, or most records of a topic are bad, or the registry gives a known id to another schema. Their events wait in Kafka; the other partitions continue.',
    action:
      'Run `eventtrail doctor`: it names the partition, the reason and the command. See [a halted partition](operations.md#a-halted-partition) and [a halted topic](operations.md#a-halted-topic).',
    test: {
      fires: [{ metric: 'eventtrail_sink_partitions_halted', values: '2+0x120' }],
      quiet: [{ metric: 'eventtrail_sink_partitions_halted', values: never }]
    }
  },
  {
    name: 'EventtrailSinkPartitionsUnread',
    severity: 'critical',
    metrics: ['eventtrail_sink_partitions_unread'],
    expr: 'eventtrail_sink_partitions_unread > 0',
    minutes: 5,
    summary: 'Kafka does not let {{ $labels.instance }} read some of its partitions',
    meaning: 'The right READ on a topic is missing, or a broker cannot read its log. The other topics are read.',
    action:
      '`/readyz` and `eventtrail doctor` name the topic. Grant READ on it ([rights](production.md#rights-at-kafka)), or look at the log of the broker. The sink continues by itself.',
    test: {
      fires: [{ metric: 'eventtrail_sink_partitions_unread', values: '1+0x120' }],
      quiet: [{ metric: 'eventtrail_sink_partitions_unread', values: never }]
    }
  },
  {
    name: 'EventtrailSinkTopicsNotRead',
    severity: 'critical',
    metrics: ['eventtrail_sink_topics'],
    expr: 'eventtrail_sink_topics{state=~"hidden|beyond"} > 0',
    minutes: 5,
    summary: '{{ $labels.instance }} does not read all topics of events: {{ $labels.state }}',
    meaning:
      '`hidden`: Kafka does not show this sink a topic that registry or trail know. `beyond`: there are more events than the 5,000 that a sink reads. Events of these topics wait in Kafka.',
    action:
      'Run `eventtrail doctor`. `hidden`: grant READ on the topic. `beyond`: run another sink with a `--group` of its own, and name those that are not read with `--events`.',
    test: {
      fires: [{ metric: 'eventtrail_sink_topics', labels: { state: 'hidden' }, values: '1+0x120' }],
      labels: { state: 'hidden' },
      quiet: [
        { metric: 'eventtrail_sink_topics', labels: { state: 'hidden' }, values: never },
        { metric: 'eventtrail_sink_topics', labels: { state: 'read' }, values: '7+0x120' }
      ]
    }
  },
  {
    name: 'EventtrailSinkTopicsIncomplete',
    severity: 'warning',
    metrics: ['eventtrail_sink_topics'],
    expr: 'eventtrail_sink_topics{state=~"missing|unregistered|almost"} > 0',
    minutes: 15,
    summary: '{{ $labels.instance }} knows events whose topic or schema is not complete: {{ $labels.state }}',
    meaning:
      '`missing`: an event is registered and has no topic. `unregistered`: an event was read before and has no subject now. `almost`: the latest schema of a subject is no envelope.',
    action:
      'Run `eventtrail doctor`, then `eventtrail schemas register`, or `eventtrail sink forget` for an event that has moved away. See [troubleshooting](operations.md#troubleshooting).',
    test: {
      fires: [{ metric: 'eventtrail_sink_topics', labels: { state: 'almost' }, values: '1+0x120' }],
      labels: { state: 'almost' },
      quiet: [{ metric: 'eventtrail_sink_topics', labels: { state: 'forgotten' }, values: '3+0x120' }]
    }
  },
  {
    name: 'EventtrailSinkEventsLost',
    severity: 'critical',
    metrics: ['eventtrail_sink_lost_total'],
    expr: 'increase(eventtrail_sink_lost_total[1h]) > 0',
    minutes: 0,
    summary: 'Kafka removed records before {{ $labels.instance }} read them: the trail has a gap',
    meaning:
      'Retention or a deletion of records overtook the sink. The offsets are in `sink_gaps` and in the ledger; the records are gone from Kafka.',
    action:
      'Let the publisher send the events again, find out why the sink was late, and [accept the gap](operations.md#a-gap). Keep `retention.ms` longer than the longest outage that you plan for.',
    test: {
      fires: [{ metric: 'eventtrail_sink_lost_total', values: once }],
      quiet: [{ metric: 'eventtrail_sink_lost_total', values: never }]
    }
  },
  {
    name: 'EventtrailSinkQuarantined',
    severity: 'warning',
    metrics: ['eventtrail_sink_quarantined_total'],
    expr: 'increase(eventtrail_sink_quarantined_total[15m]) > 0',
    minutes: 0,
    summary: '{{ $labels.instance }} put records into quarantine: {{ $labels.code }}',
    meaning: 'Records cannot be rows. They are kept whole in `sink_quarantine`, and other records are stored.',
    action:
      'Run `eventtrail quarantine list`; [the codes](trail.md#quarantine) say what is wrong. Correct the cause, then [retry or discard](operations.md#quarantine) them.',
    test: {
      fires: [{ metric: 'eventtrail_sink_quarantined_total', labels: { code: 'NULL_VALUE' }, values: once }],
      labels: { code: 'NULL_VALUE' },
      quiet: [{ metric: 'eventtrail_sink_quarantined_total', labels: { code: 'NULL_VALUE' }, values: '4+0x120' }]
    }
  },
  {
    name: 'EventtrailSinkWritesFail',
    severity: 'warning',
    metrics: ['eventtrail_sink_retries_total'],
    expr: 'increase(eventtrail_sink_retries_total[5m]) > 0',
    minutes: 10,
    summary: 'Writes of {{ $labels.instance }} have been failing for ten minutes and are retried',
    meaning: 'Postgres refuses writes, or its connections end again and again. Nothing is dropped.',
    action:
      'The log line `writing a batch failed` has the code of Postgres; [troubleshooting](operations.md#troubleshooting) says what each means.',
    test: {
      fires: [{ metric: 'eventtrail_sink_retries_total', values: '0+2x120' }],
      quiet: [{ metric: 'eventtrail_sink_retries_total', values: '0+0x10 1+0x109' }]
    }
  },
  {
    name: 'EventtrailSinkMonthsMissing',
    severity: 'warning',
    metrics: ['eventtrail_sink_months_missing'],
    expr: 'eventtrail_sink_months_missing > 0',
    minutes: 60,
    summary:
      'The trail has no partition for one or more of the coming months, and {{ $labels.instance }} may not create it',
    meaning:
      'The job of the owner that creates partitions does not run or fails, and the role of the sink may not create them. Nothing is lost: rows of a month without a partition are stored in the DEFAULT partition.',
    action:
      'Run `eventtrail migrate --months-ahead 6` as the owner of the tables: it also moves these rows into their month. Then find out why the job did not run ([months](postgres.md#months)).',
    test: {
      fires: [{ metric: 'eventtrail_sink_months_missing', values: '1+0x120' }],
      quiet: [{ metric: 'eventtrail_sink_months_missing', values: never }]
    }
  },
  {
    name: 'EventtrailSinkBlockedByTransaction',
    severity: 'warning',
    metrics: ['eventtrail_sink_blocked_by_transaction_seconds'],
    expr: 'max without (partition) (eventtrail_sink_blocked_by_transaction_seconds) > 300',
    minutes: 1,
    summary: 'A transaction that does not end holds back the events of {{ $labels.topic }}',
    meaning:
      'A producer began a transaction and does not end it. Kafka gives no consumer what comes after its start, not even acknowledged events of other producers.',
    action: '`eventtrail doctor` shows where it starts. See [an open transaction](operations.md#an-open-transaction).',
    test: {
      fires: [
        {
          metric: 'eventtrail_sink_blocked_by_transaction_seconds',
          labels: topicAndPartition,
          values: '301+60x120'
        }
      ],
      labels: { topic: topicAndPartition.topic },
      quiet: [
        { metric: 'eventtrail_sink_blocked_by_transaction_seconds', labels: topicAndPartition, values: '40+0x120' }
      ]
    }
  },
  {
    name: 'EventtrailSinkSlow',
    severity: 'warning',
    metrics: ['eventtrail_sink_publish_latency_seconds'],
    expr: 'histogram_quantile(0.99, rate(eventtrail_sink_publish_latency_seconds_bucket[10m])) > 60',
    minutes: 15,
    summary: 'Events reach the trail more than a minute after they were published ({{ $labels.instance }})',
    meaning:
      'At the 99th percentile more than a minute passes from the timestamp of a record to its COMMIT. While a sink works off a backlog this is expected.',
    action:
      'See the lag and `eventtrail_sink_copy_seconds`: where COPY is slow, Postgres or [what others added to the table](operations.md#what-others-add-to-the-table) is the cause; otherwise start another sink.',
    test: {
      fires: [latencyBucket('60', '0+0x120'), latencyBucket('300', '0+10x120'), latencyBucket('+Inf', '0+10x120')],
      quiet: [latencyBucket('0.1', '0+10x120'), latencyBucket('60', '0+10x120'), latencyBucket('+Inf', '0+10x120')]
    }
  },
  {
    name: 'EventtrailSinkRebuilds',
    severity: 'warning',
    metrics: ['eventtrail_sink_rebuilds_total'],
    expr: 'sum without (cause) (increase(eventtrail_sink_rebuilds_total[30m])) > 3',
    minutes: 0,
    summary: 'The Kafka consumer of {{ $labels.instance }} was rebuilt several times within half an hour',
    meaning: 'Kafka is unreachable for moments, or the consumer stalls. Nothing is lost; events are late.',
    action:
      'Look at the brokers and at the network. Where the brokers are well and the label `cause` says `stalled`, report it.',
    test: {
      fires: [{ metric: 'eventtrail_sink_rebuilds_total', labels: { cause: 'ended' }, values: '0+1x120' }],
      quiet: [{ metric: 'eventtrail_sink_rebuilds_total', labels: { cause: 'ended' }, values: once }]
    }
  }
]

function latencyBucket(le: string, values: string): Alert['test']['fires'][number] {
  return { metric: 'eventtrail_sink_publish_latency_seconds', suffix: '_bucket', labels: { le }, values }
}
