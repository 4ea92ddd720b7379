import type { ByteSink, ByteSource } from '../parquet/index.ts'

/** A file that is written, and cannot be seen under its name before it is finished. */
export interface NewArchive extends ByteSink {
  /**
   * Makes it seen, on disk or in the bucket. A file of that name that is there already is not replaced.
   * @throws ArchiveError `ARCHIVE_EXISTS`, `ARCHIVE_UNAVAILABLE`, `ARCHIVE_REFUSED`
   */
  finish(): Promise<void>
  /** Gives it up, as far as that is possible. */
  abort(): Promise<void>
}

/** A file that is read. */
export interface OpenArchive extends ByteSource, AsyncDisposable {}

/** Where archives are kept. Every call throws ArchiveError. */
export interface ArchiveStore {
  /** Of a file, for people and other tools: `s3://bucket/prefix/name`. Without credentials. */
  addressOf(name: string): string
  create(name: string): Promise<NewArchive>
  /** Removes what a process that died has left of a file that it did not finish. A finished one stays. */
  removeUnfinished(name: string): Promise<void>
  open(name: string): Promise<OpenArchive>
}
