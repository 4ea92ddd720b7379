/** What a service of its own takes to tell how its sinks and groups are, as the commands do. */
export { allOf, type Health } from '../observability/health.ts'
export type { CounterName, GaugeName, HistogramName, LabelsOf, Meter, Reading } from '../observability/meter.ts'
export { type MetricName, type MetricPart, metrics } from '../observability/metrics.ts'
export { PrometheusMeter, type PrometheusOptions } from '../observability/prometheus.ts'
export { type StatusServer, type StatusServerOptions, startStatusServer } from '../observability/status-server.ts'
