import type { sealerMetrics, watchMetrics } from '../../../audit/index.ts'
import type { groupMetrics } from '../../../consumers/index.ts'
import type { notifierMetrics } from '../../../consumers/notifier/index.ts'
import type { processMetrics } from '../../../observability/index.ts'
import type { producerMetrics } from '../../../producers/index.ts'
import type { sinkMetrics } from '../../../sink/index.ts'

/** The name of a metric of any room: an alert on one that was renamed does not compile. */
type MetricName = keyof typeof processMetrics | keyof typeof sinkMetrics | GroupMetricName | OtherMetricName
type GroupMetricName = keyof typeof groupMetrics
type OtherMetricName = keyof typeof notifierMetrics | keyof typeof producerMetrics | ProofMetricName
type ProofMetricName = keyof typeof sealerMetrics | keyof typeof watchMetrics

/**
 * `critical`: events wait or are lost, and it does not end by itself. `warning`: look at it within the day; nothing is
 * lost by waiting that long unless a critical alert says so.
 */
type Severity = 'critical' | 'warning'

type Labels = Readonly<Record<string, string>>

/** One time series of a test of an alert, a sample a minute. */
export interface SampleSeries {
  readonly metric: MetricName
  /** Of a histogram: its buckets are what is given. */
  readonly suffix?: '_bucket'
  /** Besides `job` and `instance`, which the tests add. */
  readonly labels?: Labels
  /** Samples as promtool writes them: `0+0x5` is six times 0. */
  readonly values: string
}

/** A rule of Prometheus, what it means, and how it is tested. */
export interface Alert {
  /** In camel case, with `Eventtrail` first. */
  readonly name: string
  readonly severity: Severity
  /** The metrics that its expression reads. */
  readonly metrics: readonly MetricName[]
  /** In PromQL. What is left of the labels names the process: `without (partition)` rather than `by`. */
  readonly expr: string
  /** Minutes for which it has to be true. */
  readonly minutes: number
  /** One line; `{{ $labels.topic }}` is replaced by Prometheus. */
  readonly summary: string
  /** For the page: what has happened. Markdown. */
  readonly meaning: string
  /** For the page: what to do. Markdown. */
  readonly action: string
  readonly test: AlertTest
}

interface AlertTest {
  /** Samples with which it fires after `minutes`, and not before. */
  readonly fires: readonly SampleSeries[]
  /** The labels of the alert that fires, besides `severity`, `job` and `instance`. */
  readonly labels?: Labels
  /** False where its labels do not name the process. Default true. */
  readonly ofProcess?: boolean
  /** Samples with which it never fires. */
  readonly quiet: readonly SampleSeries[]
}
