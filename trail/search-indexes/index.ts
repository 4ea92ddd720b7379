/** The indexes that answer questions to the trail: opt-in, built month by month while sinks write. */
export { buildSearchIndexes, dropSearchIndexes } from './build.ts'
export { searchIndexState } from './state.ts'
