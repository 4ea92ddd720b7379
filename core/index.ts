/** What a service of its own takes to tell how its sinks and groups are, as the commands do. */
export { allOf, type Health } from './health.ts'
export {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  type Meter,
  type MetricName,
  type MetricPart,
  metrics,
  type Reading
} from './metrics.ts'
export { PrometheusMeter, type PrometheusOptions } from './prometheus.ts'
export { type StatusServer, type StatusServerOptions, startStatusServer } from './status-server.ts'
