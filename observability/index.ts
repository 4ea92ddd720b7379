/** How a process reports on itself: health, the table of metrics, meters. */
export { allOf, type Health, Reach } from './health.ts'
export {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  type Meter,
  noMeter,
  type Reading
} from './meter.ts'
export { type MetricName, type MetricPart, metrics } from './metrics.ts'
