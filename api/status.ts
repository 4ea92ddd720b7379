/** Health checks and metrics for a service that runs sinks and groups itself, as the commands do. */

export { ConfigError, type ConfigErrorCode, OptionsError } from '../core/index.ts'
export {
  allOf,
  type GaugeSample,
  type Health,
  type Meter,
  type MetricSpec,
  type MetricTable,
  processMetrics
} from '../observability/index.ts'
export {
  createPrometheusMeter,
  createStatusServer,
  type PrometheusMeter,
  type PrometheusOptions,
  type StatusServer,
  type StatusServerOptions
} from '../observability/prometheus/index.ts'
