/** Processor time, memory and latency of processes. */
export { wallClock } from './clock.ts'
export { type Metered, meter } from './meter.ts'
export { processTimes } from './proc.ts'
export { type Figures, type Sample, at, figuresOf } from './samples.ts'
export { parseSnapshots, visibleSince } from './snapshots.ts'
