/** What an auditor gets: a bundle of a trail, and the proof of one event. */
export { writeBundle } from './export.ts'
export { BundleFolder } from './folder.ts'
export { proveEvent } from './prove.ts'
