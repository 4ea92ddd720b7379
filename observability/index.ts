/** How a process reports on itself: health, meters, and the helpers with which each room declares its metrics. */
export { allOf, type Health, Reach, refusalWords } from './health.ts'
export { type GaugeName, type GaugeSample, type LabelsOf, type Meter, noMeter } from './meter.ts'
export {
  anyText,
  counter,
  gauge,
  histogram,
  longTimes,
  type MetricSpec,
  type MetricTable,
  processMetrics,
  shortTimes
} from './metrics.ts'
export { observabilitySettings } from './settings.ts'
