/** Where archives are kept: a folder, or a bucket of S3. */
export { type AddressOptions, bucketOf, folderOf, openArchiveStore } from './address.ts'
export { type Bucket, openBucket } from './bucket.ts'
export type { ArchiveStore } from './store.ts'
