/** What a label can say: a closed list, or nothing where any text is possible. */
export type LabelValues = Readonly<Record<string, readonly string[]>>

/** What one metric is. docs/metrics.md is generated from the tables of all rooms. */
export interface MetricSpec<Type extends MetricType = MetricType, Labels extends LabelValues = LabelValues> {
  readonly type: Type
  readonly help: string
  readonly unit: string
  /** Its labels; with a closed list of values each series starts at 0 before its first count. */
  readonly labels: Labels
  /** Upper bounds of a histogram, in its unit. */
  readonly buckets: readonly number[]
}
export type MetricType = 'counter' | 'gauge' | 'histogram'

/**
 * The metrics of a room by their names. Labels name groups, topics, partitions and codes: never an id, a person or
 * anything from a payload.
 */
export type MetricTable = Readonly<Record<string, MetricSpec>>

type NoLabels = Readonly<Record<never, never>>

/** The values of a label that can hold any text, such as the name of a topic. */
export const anyText: readonly string[] = Object.freeze([])

/** Upper bounds in seconds, for what takes milliseconds. */
export const shortTimes: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30
]
/** Upper bounds in seconds, for what takes milliseconds as a rule and can take an hour. */
export const longTimes: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600
]

/** @param help a phrase that makes sense on a line of its own, without a full stop */
export function counter<const Labels extends LabelValues = NoLabels>(
  unit: string,
  help: string,
  labels?: Labels
): MetricSpec<'counter', Labels> {
  return { type: 'counter', unit, help, labels: labels ?? ({} as Labels), buckets: [] }
}

/** @param help a phrase that makes sense on a line of its own, without a full stop */
export function gauge<const Labels extends LabelValues = NoLabels>(
  unit: string,
  help: string,
  labels?: Labels
): MetricSpec<'gauge', Labels> {
  return { type: 'gauge', unit, help, labels: labels ?? ({} as Labels), buckets: [] }
}

/**
 * A histogram of times, in seconds.
 * @param help a phrase that makes sense on a line of its own, without a full stop
 */
export function histogram<const Labels extends LabelValues = NoLabels>(
  buckets: readonly number[],
  help: string,
  labels?: Labels
): MetricSpec<'histogram', Labels> {
  return { type: 'histogram', unit: 'seconds', help, labels: labels ?? ({} as Labels), buckets }
}

/** Metrics of any process that serves a status port. */
export const processMetrics = {
  eventtrail_ready: gauge('', '1 while /readyz answers 200, else 0'),
  eventtrail_metrics_folded_series: gauge(
    'series',
    'series of a metric that are exported together as topic="other", because the metric has more than EVENTTRAIL_METRICS_MAX_SERIES; absent while no metric has',
    { metric: anyText }
  )
}
