/** What `eventtrail indexer` and `eventtrail notifier` make of an event, from a file. */
export { loadDocuments, loadMails, type MappingFlags } from './load.ts'
export { faultOf } from './text-template.ts'
