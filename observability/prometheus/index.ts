/** Metrics for Prometheus, and the status server. Loads prom-client. */
export { createPrometheusMeter, type PrometheusMeter, type PrometheusOptions } from './prometheus.ts'
export { type StatusServer, type StatusServerOptions, startStatusServer } from './status-server.ts'
