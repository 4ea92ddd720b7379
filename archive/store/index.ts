/** Where archives are kept: a folder, or a bucket of S3. */
export { openArchiveStore } from './address.ts'
export type { ArchiveStore } from './store.ts'
