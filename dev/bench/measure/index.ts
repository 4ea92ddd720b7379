/** Processor time, memory and latency of processes. */

export { type Metered, meter } from './meter.ts'
export { processMemory, processTimes } from './proc.ts'
export { at, type Figures, figuresOf, type Sample, wallClock } from './samples.ts'
export { parseSnapshots, visibleSince } from './snapshots.ts'
