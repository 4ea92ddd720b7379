/** A trail that is proved, with many rows, and its log. */
export { type BenchKeys, beginProof, Filler, makeKeys } from './data.ts'
export { seal } from './seal.ts'
