/** Settings of indexer and notifier; not in their folders, whose indexes load drivers and libraries. */
export { consumerSettings } from './notifier.ts'
export { searchLanguages, searchSettings } from './search.ts'
