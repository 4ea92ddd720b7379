/** What gives the entries of a trail their place in the log, and publishes it. */
export { examineLog, type ProofFinding } from './examine.ts'
export { Frontier } from './frontier.ts'
export { rejections } from './judge.ts'
export { KeyRing } from './key-ring.ts'
export { ringOf } from './load.ts'
export { sealerMetrics } from './metrics.ts'
export { countSealed, holdSealerLock, insertSealed, readSealed, storeCheckpoint } from './rows.ts'
export { type Round, Sealer, type SealerOptions } from './sealer.ts'
