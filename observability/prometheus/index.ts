/** Metrics for Prometheus, and the status server. Loads prom-client. */
export { createPrometheusMeter, type PrometheusMeter, type PrometheusOptions } from './prometheus.ts'
export { createStatusServer, type StatusServer, type StatusServerOptions } from './status-server.ts'
