/** Medians, pages and pictures of the results. */
export { type ConsumeResults, type ConsumeTurn, consumeGoals, consumeSummaries } from './consume.ts'
export { growthOf } from './growth.ts'
export { writeReport } from './report.ts'
export { type GrowthResults, type LatencyResults, type LatencySummary, type SinkResults, summarise } from './results.ts'
export { type SearchResults, type SearchSize, searchGoals } from './search.ts'
export { percentile, type Spread, spreadOf } from './statistics.ts'
