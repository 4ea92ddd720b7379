/** What gives the entries of a trail their place in the log, and publishes it. */
export { rejections } from './judge.ts'
export { sealerMetrics } from './metrics.ts'
export { type Round, Sealer, type SealerOptions } from './sealer.ts'
