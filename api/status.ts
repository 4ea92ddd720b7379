/** What a service of its own takes to tell how its sinks and groups are, as the commands do. */

export type { CounterName, GaugeName, HistogramName, LabelsOf, Meter, Reading } from '../observability/index.ts'
export { allOf, type Health, type MetricName, type MetricPart, metrics } from '../observability/index.ts'
export {
  PrometheusMeter,
  type PrometheusOptions,
  type StatusServer,
  type StatusServerOptions,
  startStatusServer
} from '../observability/prometheus/index.ts'
