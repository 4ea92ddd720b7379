import { fileURLToPath } from 'node:url'
import { ConfigError, isLoopback, UsageError } from '../../core/index.ts'
import type { BucketOptions } from './bucket.ts'
import { folderStore } from './folder.ts'
import { bucketStore } from './s3.ts'
import type { ArchiveStore } from './store.ts'

export interface AddressOptions {
  /** Has keys, region and endpoint of S3, by the names that AWS's own tools read. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Hears what is wrong with the way to the place, in words. */
  readonly warn: (words: string) => void
}

/**
 * The place that an address names: `file:/var/archive`, `file:archive`, `s3://bucket/prefix`.
 * @throws UsageError for another address; ConfigError `CONFIG_MISSING`, `CONFIG_INVALID`; ArchiveError `ARCHIVE_REFUSED`
 *   for a folder that does not exist
 */
export async function openArchiveStore(address: string, options: AddressOptions): Promise<ArchiveStore> {
  if (address.startsWith('file:')) return folderStore(folderOf(address))
  const bucket = bucketOf(address, options)
  if (bucket === undefined)
    throw new UsageError('Expected file:<folder> or s3://<bucket>/<prefix> as the place for an archive')
  return bucketStore(bucket)
}

/**
 * The bucket that `s3://bucket/prefix` names; undefined for another address.
 * @throws ConfigError `CONFIG_MISSING`, `CONFIG_INVALID`
 */
export function bucketOf(address: string, options: AddressOptions): BucketOptions | undefined {
  const [, bucket, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w!.*'()/=-]*))?$/.exec(address) ?? []
  if (bucket === undefined) return undefined
  return { bucket, prefix: path === '' || path.endsWith('/') ? path : `${path}/`, ...serverOf(options) }
}

/** The folder that `file:/folder`, `file:folder` or a URL names. @throws UsageError */
export function folderOf(address: string): string {
  const path = address.startsWith('file://') ? fileURLToPath(address) : address.slice('file:'.length)
  if (path === '') throw new UsageError('Expected a folder after file:')
  return path
}

function serverOf({ env, warn }: AddressOptions) {
  const required = (name: string): string => {
    const value = env[name]
    if (value) return value
    throw new ConfigError('CONFIG_MISSING', `${name} is not set, which a place in S3 needs`)
  }
  const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined
  if (endpoint !== undefined) {
    const url = URL.parse(endpoint)
    if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '')
      throw new ConfigError('CONFIG_INVALID', 'AWS_ENDPOINT_URL_S3: expected a URL such as https://minio.example:9000')
    if (url.protocol === 'http:' && !isLoopback(url.hostname))
      warn('AWS_ENDPOINT_URL_S3 is not https: what is sent is readable on the way to the bucket')
  }
  return {
    endpoint,
    region: env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1',
    accessKeyId: required('AWS_ACCESS_KEY_ID'),
    secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
    sessionToken: env.AWS_SESSION_TOKEN || undefined
  }
}
