import { type AddressOptions, ArchiveError, type Bucket, bucketOf, openBucket } from '../../archive/index.ts'
import { UsageError } from '../../core/index.ts'
import { AuditError } from '../errors.ts'
import { differs } from './folder.ts'
import type { TileStore } from './store.ts'

/**
 * A bucket of S3 for the log. With Object Lock as the default of the bucket no one can remove or replace a version of a
 * file until its retention ends; each request has the SHA-256 that such a bucket asks for.
 * @throws UsageError for another address; ConfigError `CONFIG_MISSING`, `CONFIG_INVALID`
 */
export async function bucketTiles(address: string, options: AddressOptions): Promise<TileStore> {
  const found = bucketOf(address, options)
  if (found === undefined) throw new UsageError('Expected s3://<bucket>/<prefix> as a place of the log')
  // A round of the sealer, and not this request, is what is tried again.
  const bucket = await openBucket({ ...found, retryMs: 5_000 })
  const get = (path: string) => read(bucket, path)
  return {
    address: `s3://${found.bucket}/${found.prefix}`.replace(/\/$/, ''),
    get,
    async put(path, bytes, { replace = false } = {}) {
      const body = Uint8Array.from(bytes)
      const headers = replace ? {} : { 'if-none-match': '*' }
      try {
        await bucket.ask('PUT', path, { headers, body })
      } catch (error) {
        if (!isCode(error, 'ARCHIVE_EXISTS')) throw asAuditError(error)
        if (!(await get(path))?.equals(bytes)) throw differs(path)
      }
    }
  }
}

const isCode = (error: unknown, code: ArchiveError['code']): boolean =>
  error instanceof ArchiveError && error.code === code

async function read(bucket: Bucket, path: string): Promise<Buffer | undefined> {
  try {
    const { bytes } = await bucket.ask('GET', path)
    return Buffer.from(bytes)
  } catch (error) {
    if (isCode(error, 'ARCHIVE_MISSING')) return undefined
    throw asAuditError(error)
  }
}

function asAuditError(cause: unknown): unknown {
  if (!(cause instanceof ArchiveError)) return cause
  const code = cause.misconfigured ? 'STORE_REFUSED' : 'STORE_UNAVAILABLE'
  return new AuditError(code, 'The place of the log cannot be used', cause)
}
