import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { ConfigError, countFault, longestTimerMs } from '../../core/index.ts'
import type { CounterName, GaugeName, HistogramName, LabelsOf, Meter, Reading } from '../meter.ts'
import { type MetricPart, type MetricSpec, metrics } from '../metrics.ts'

type Labels = Readonly<Record<string, string>>
interface GaugeOptions {
  readonly name: string
  readonly help: string
  readonly labelNames: string[]
  readonly registers: Registry[]
}
/** A reading of any gauge. */
type AnyReading = Pick<Reading, 'value'> & { readonly labels: Labels }

export interface PrometheusOptions {
  /** Whose metrics it has. Default: all. */
  readonly parts?: readonly MetricPart[]
  /**
   * Series that a gauge by topic or partition can have: what more there is, is told as one series, each label `other`. The
   * sum of them, or the greatest where it is a time. Default 10,000.
   */
  readonly maxSeries?: number
  /** Whether processor, memory, event loop and handles of the process are told too. Default false. */
  readonly process?: boolean
}

/** Figures in the text format of Prometheus, in a registry of its own. */
export class PrometheusMeter implements Meter {
  readonly #registry = new Registry()
  readonly #counters = new Map<string, Counter>()
  readonly #histograms = new Map<string, Histogram>()
  readonly #readers = new Map<string, Set<() => readonly AnyReading[]>>()
  /** Series beyond the bound, by metric, as of the last look. */
  readonly #folded = new Map<string, number>()
  readonly #maxSeries: number
  /** Series that were set to 0. */
  readonly #begun = new Set<string>()

  /** @throws ConfigError `CONFIG_INVALID` */
  constructor({ parts, process = false, maxSeries = 10_000 }: PrometheusOptions = {}) {
    const fault = countFault('maxSeries', maxSeries)
    if (fault !== undefined) throw new ConfigError('CONFIG_INVALID', fault)
    this.#maxSeries = maxSeries
    const registers = [this.#registry]
    for (const [name, spec] of Object.entries(metrics)) {
      if (parts && !parts.includes(spec.part)) continue
      const common = { name, help: spec.help, labelNames: [...spec.labels], registers }
      if (spec.type === 'counter') this.#counters.set(name, new Counter(common))
      else if (spec.type === 'histogram')
        this.#histograms.set(name, new Histogram({ ...common, buckets: [...spec.buckets] }))
      else this.#addGauge(name, spec, common)
    }
    this.gauge('eventtrail_metrics_folded_series', () =>
      [...this.#folded].map(([metric, value]) => ({ value, labels: { metric } }))
    )
    this.#begin({})
    if (process) this.#tellOfTheProcess()
  }

  add<Name extends CounterName>(name: Name, by: number, labels: LabelsOf<Name>): void {
    this.#counters.get(name)?.inc(labels, by)
  }

  observe<Name extends HistogramName>(name: Name, value: number, labels: LabelsOf<Name>): void {
    this.#histograms.get(name)?.observe(labels, value)
  }

  gauge<Name extends GaugeName>(name: Name, read: () => readonly Reading<Name>[]): () => void {
    this.#readers.get(name)?.add(read)
    return () => void this.#readers.get(name)?.delete(read)
  }

  begin(labels: { readonly group: string }): void {
    this.#begin(labels)
  }

  /** What `GET /metrics` answers. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() }
  }

  // A series that first appears with its first count shows no growth to Prometheus.
  #begin(known: Labels): void {
    for (const [name, spec] of Object.entries(metrics)) {
      for (const labels of labelSets(spec, known)) {
        const series = name + JSON.stringify(labels)
        if (this.#begun.has(series)) continue
        this.#begun.add(series)
        this.#counters.get(name)?.inc(labels, 0)
        this.#histograms.get(name)?.zero(labels)
      }
    }
  }

  #tellOfTheProcess(): void {
    const register = this.#registry
    // The histogram of the event loop counts its own timer as lag, and at 10 ms costs an idle process more than all its
    // work. It cannot be left out, so its timer is one that never fires, and its figures are not told.
    collectDefaultMetrics({ register, eventLoopMonitoringPrecision: longestTimerMs })
    for (const { name } of register.getMetricsAsArray())
      if (name.startsWith('nodejs_eventloop_lag_') && name !== 'nodejs_eventloop_lag_seconds')
        register.removeSingleMetric(name)
  }

  #addGauge(name: string, spec: MetricSpec, common: GaugeOptions): void {
    const readers = new Set<() => readonly AnyReading[]>()
    this.#readers.set(name, readers)
    const [folded, maxSeries] = [this.#folded, this.#maxSeries]
    new Gauge({
      ...common,
      collect() {
        // A partition that went to another process is not told here any more.
        this.reset()
        const readings = [...readers].flatMap(read => read())
        for (const { labels, value } of readings.slice(0, maxSeries)) this.set(labels, value)
        const beyond = readings.slice(maxSeries)
        if (beyond.length === 0) return void folded.delete(name)
        folded.set(name, beyond.length)
        this.set(Object.fromEntries(spec.labels.map(label => [label, 'other'])), together(spec, beyond))
      }
    })
  }
}

/** What several readings are as one. */
function together({ unit }: MetricSpec, readings: readonly AnyReading[]): number {
  return readings.reduce((all, { value }) => (unit === 'seconds' ? Math.max(all, value) : all + value), 0)
}

/** Every set of labels that a metric can have, where all of them are known or have a closed list; else none. */
function labelSets({ labels, values = {} }: MetricSpec, known: Labels): Labels[] {
  let sets: Labels[] = [{}]
  for (const label of labels) {
    const { [label]: given } = known
    const all = given === undefined ? (values[label] ?? []) : [given]
    sets = sets.flatMap(set => all.map(value => ({ ...set, [label]: value })))
  }
  return sets
}
