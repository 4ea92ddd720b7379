export interface PutOptions {
  /**
   * Whether a file of that name is replaced. Only `checkpoint` ever is. Without it the same bytes may be put again, which
   * changes nothing. Default false.
   */
  readonly replace?: boolean
}

/**
 * A place of the log: files by their paths, such as `checkpoint`, `checkpoints/00000000000000020852`, `tile/0/x001/067`,
 * `tile/entries/000.p/12`. A file is never seen before it is complete.
 */
export interface TileStore {
  /** For people, metrics and other tools: `file:///srv/log`, `s3://bucket/prefix`. Without credentials. */
  readonly address: string
  /** Whether it has checkpoints alone, and no entries and tiles. Default false. */
  readonly checkpointsOnly?: boolean
  /**
   * Writes a file; it is on disk, or in the bucket, once this resolves.
   * @throws AuditError `STORE_DIFFERS` where other bytes have that name; `STORE_UNAVAILABLE`, `STORE_REFUSED`
   */
  put(path: string, bytes: Uint8Array, options?: PutOptions): Promise<void>
  /**
   * The bytes of a file; undefined where there is none.
   * @throws AuditError `STORE_UNAVAILABLE`, `STORE_REFUSED`
   */
  get(path: string): Promise<Buffer | undefined>
}
