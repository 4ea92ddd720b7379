/** What a service of its own takes to tell how its sinks and groups are, as the commands do. */
export { allOf, type Health } from './health.ts'
export type { CounterName, GaugeName, HistogramName, LabelsOf, Meter, Reading } from './meter.ts'
export { type MetricName, type MetricPart, metrics } from './metrics.ts'
export { PrometheusMeter, type PrometheusOptions } from './prometheus.ts'
export { type StatusServer, type StatusServerOptions, startStatusServer } from './status-server.ts'
