import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { checkOptions, longestTimerMs, type Rules, rule } from '../../core/index.ts'
import type { GaugeSample, Meter } from '../meter.ts'
import type { MetricSpec, MetricTable } from '../metrics.ts'

type Labels = Readonly<Record<string, string>>
interface GaugeOptions {
  readonly name: string
  readonly help: string
  readonly labelNames: string[]
  readonly registers: Registry[]
}
type Read = () => readonly GaugeSample[]

export interface PrometheusOptions {
  /**
   * The metrics that it exports, from `sinkMetrics`, `groupMetrics` … or several of them:
   * `{ ...sinkMetrics, ...groupMetrics }`. Others are ignored.
   */
  readonly metrics: MetricTable
  /**
   * Most series of a gauge by topic or partition. Further ones are exported as one series with each label `other`: their
   * sum, or the greatest where it is a time. Default 10,000.
   */
  readonly maxSeries?: number
  /** Whether CPU, memory, event loop and handles of the process are exported too. Default false. */
  readonly process?: boolean
}

const rules: Rules<PrometheusOptions> = {
  metrics: rule.required(
    rule.such(value => typeof value === 'object' && value !== null, 'a table of metrics, such as `sinkMetrics`')
  ),
  maxSeries: rule.wholeNumber(1),
  process: rule.yesOrNo
}

/** Metrics in the text format of Prometheus. */
export interface PrometheusMeter extends Meter {
  begin(labels: { readonly group: string }): void
  /** The answer to `GET /metrics`. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>
}

/** A meter with a registry of its own: several in one process do not know each other. @throws OptionsError */
export function createPrometheusMeter(options: PrometheusOptions): PrometheusMeter {
  checkOptions(options, rules)
  return new RegistryMeter(options)
}

class RegistryMeter implements PrometheusMeter {
  readonly #registry = new Registry()
  readonly #counters = new Map<string, Counter>()
  readonly #histograms = new Map<string, Histogram>()
  readonly #readers = new Map<string, Set<Read>>()
  /** How many series are above the bound, by metric, at the last scrape. */
  readonly #folded = new Map<string, number>()
  readonly #maxSeries: number
  readonly #metrics: MetricTable
  /** Series that were set to 0. */
  readonly #begun = new Set<string>()

  constructor({ metrics, process = false, maxSeries = 10_000 }: PrometheusOptions) {
    this.#maxSeries = maxSeries
    this.#metrics = metrics
    const registers = [this.#registry]
    for (const [name, spec] of Object.entries(metrics)) {
      const common = { name, help: spec.help, labelNames: Object.keys(spec.labels), registers }
      if (spec.type === 'counter') this.#counters.set(name, new Counter(common))
      else if (spec.type === 'histogram')
        this.#histograms.set(name, new Histogram({ ...common, buckets: [...spec.buckets] }))
      else this.#addGauge(name, spec, common)
    }
    this.gauge('eventtrail_metrics_folded_series', () =>
      [...this.#folded].map(([metric, value]) => ({ value, labels: { metric } }))
    )
    this.#begin({})
    if (process) this.#exportProcess()
  }

  add(name: string, by: number, labels: Labels): void {
    this.#counters.get(name)?.inc(labels, by)
  }

  observe(name: string, value: number, labels: Labels): void {
    this.#histograms.get(name)?.observe(labels, value)
  }

  gauge(name: string, read: Read): () => void {
    this.#readers.get(name)?.add(read)
    return () => void this.#readers.get(name)?.delete(read)
  }

  begin(labels: { readonly group: string }): void {
    this.#begin(labels)
  }

  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() }
  }

  // A series that first appears with its first count shows no growth to Prometheus.
  #begin(known: Labels): void {
    for (const [name, spec] of Object.entries(this.#metrics)) {
      for (const labels of labelSets(spec, known)) {
        const series = name + JSON.stringify(labels)
        if (this.#begun.has(series)) continue
        this.#begun.add(series)
        this.#counters.get(name)?.inc(labels, 0)
        this.#histograms.get(name)?.zero(labels)
      }
    }
  }

  #exportProcess(): void {
    const register = this.#registry
    // The histogram of the event loop counts its own timer as lag, and at 10 ms costs an idle process more than all its
    // work. It cannot be left out, so its timer is one that never fires, and its metrics are removed.
    collectDefaultMetrics({ register, eventLoopMonitoringPrecision: longestTimerMs })
    for (const { name } of register.getMetricsAsArray())
      if (name.startsWith('nodejs_eventloop_lag_') && name !== 'nodejs_eventloop_lag_seconds')
        register.removeSingleMetric(name)
  }

  #addGauge(name: string, spec: MetricSpec, common: GaugeOptions): void {
    const readers = new Set<Read>()
    this.#readers.set(name, readers)
    const [folded, maxSeries] = [this.#folded, this.#maxSeries]
    new Gauge({
      ...common,
      collect() {
        // A partition that went to another process must not be exported here any more.
        this.reset()
        const samples = [...readers].flatMap(read => read())
        for (const { labels, value } of samples.slice(0, maxSeries)) this.set(labels, value)
        const beyond = samples.slice(maxSeries)
        if (beyond.length === 0) return void folded.delete(name)
        folded.set(name, beyond.length)
        this.set(Object.fromEntries(Object.keys(spec.labels).map(label => [label, 'other'])), together(spec, beyond))
      }
    })
  }
}

/** Several samples as one. */
function together({ unit }: MetricSpec, samples: readonly GaugeSample[]): number {
  return samples.reduce((all, { value }) => (unit === 'seconds' ? Math.max(all, value) : all + value), 0)
}

/** Every set of labels that a metric can have, where all of them are known or have a closed list; else none. */
function labelSets({ labels }: MetricSpec, known: Labels): Labels[] {
  let sets: Labels[] = [{}]
  for (const [label, values] of Object.entries(labels)) {
    const { [label]: given } = known
    const all = given === undefined ? values : [given]
    sets = sets.flatMap(set => all.map(value => ({ ...set, [label]: value })))
  }
  return sets
}
