/** What kafkajs 2.2.4 does differently than eventtrail needs, one file for each; docs/kafka-client.md lists them. */
export { applyPatches } from './patches.ts'
export { fetchingRaw, notFetching } from './raw-fetches.ts'
export { tryingOthers } from './seeds.ts'
