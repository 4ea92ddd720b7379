/**
 * Files that leave the trail: Parquet, and where it is kept.
 *
 * ```ts
 * const writer = await parquetWriter([{ name: 'id', type: 'text', distinct: true }], { write: bytes => file.write(bytes) })
 * await writer.write(['018cc8…'])
 * await writer.finish({ question: 'all of 2026-01' })
 * ```
 */
export { ArchiveError, archiveErrorCodes } from './errors.ts'
export {
  type ByteSink,
  type ByteSource,
  type ParquetColumn,
  type ParquetValue,
  type ParquetWriter,
  parquetFile,
  parquetWriter
} from './parquet/index.ts'
export {
  type AddressOptions,
  type ArchiveStore,
  type Bucket,
  bucketOf,
  folderOf,
  openArchiveStore,
  openBucket
} from './store/index.ts'
