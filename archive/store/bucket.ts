import { createHash } from 'node:crypto'
import type { AwsClient } from 'aws4fetch'
import { ConfigError, retry } from '../../core/index.ts'
import { ArchiveError } from '../errors.ts'
import { type Answer, elementOf, faultOf, isPassing } from './s3-answers.ts'

/** A bucket, and how it is reached. */
export interface BucketOptions {
  readonly bucket: string
  /** Of every name in it; empty, or ends in "/". */
  readonly prefix: string
  /** Of a server other than that of AWS: `https://minio.example:9000`. */
  readonly endpoint?: string | undefined
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** Bytes of a part of an upload; S3 takes 5 MiB at least but for the last one. Default 16 MiB. */
  readonly partBytes?: number
  /** ms for which a request is tried again. Default 120,000. */
  readonly retryMs?: number
}

/** @throws ConfigError `CONFIG_MISSING` where aws4fetch is not installed */
export async function openBucket(options: BucketOptions): Promise<Bucket> {
  return new Bucket(await clientOf(options), options)
}

async function clientOf({ region, accessKeyId, secretAccessKey, sessionToken }: BucketOptions): Promise<AwsClient> {
  const given = { accessKeyId, secretAccessKey, region, service: 's3', retries: 0 }
  try {
    const { AwsClient } = await import('aws4fetch')
    return new AwsClient({ ...given, ...(sessionToken !== undefined && { sessionToken }) })
  } catch (cause) {
    throw new ConfigError(
      'CONFIG_MISSING',
      'Requests to S3 are signed by aws4fetch, which is not installed: run `npm install aws4fetch`',
      cause
    )
  }
}

interface Request {
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array<ArrayBuffer>
  /** Statuses that are answers besides those of success. */
  readonly accept?: readonly number[]
}

/** One attempt of a request; a part of 16 MiB takes so long at 150 kB/s. */
const attemptMs = 120_000

/** Signed requests to one bucket. */
export class Bucket {
  readonly #client: AwsClient
  readonly #options: BucketOptions
  readonly #base: string

  constructor(client: AwsClient, options: BucketOptions) {
    this.#client = client
    this.#options = options
    const { bucket, region, endpoint } = options
    // A name with dots has no certificate as the name of a host.
    this.#base =
      endpoint !== undefined || bucket.includes('.')
        ? `${(endpoint ?? `https://s3.${region}.amazonaws.com`).replace(/\/+$/, '')}/${bucket}`
        : `https://${bucket}.s3.${region}.amazonaws.com`
  }

  keyOf(name: string): string {
    return this.#options.prefix + name
  }

  /** Asks until there is an answer, or the time is over. @param name of a file; '' is the bucket itself */
  async ask(method: string, name: string, request: Request = {}): Promise<Answer> {
    const { accept = [] } = request
    return retry(
      async () => {
        const answer = await this.#send(method, name, request)
        const isAnswer = (answer.status >= 200 && answer.status < 300) || accept.includes(answer.status)
        // A multi-part upload that fails in its last moment is answered with 200 and an error.
        if (isAnswer && elementOf(answer.text.slice(0, 1_000), 'Code') === '') return answer
        throw faultOf(answer)
      },
      {
        initialMs: 200,
        maxMs: 5_000,
        deadlineMs: this.#options.retryMs ?? 120_000,
        retryable: error => error instanceof ArchiveError && error.code === 'ARCHIVE_UNAVAILABLE'
      }
    )
  }

  async #send(method: string, name: string, { query = {}, headers = {}, body }: Request): Promise<Answer> {
    const path = name === '' ? '/' : `/${this.keyOf(name).split('/').map(encodeURIComponent).join('/')}`
    const url = new URL(this.#base + path)
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value)
    const sha256 = createHash('sha256')
      .update(body ?? '')
      .digest()
    try {
      const response = await this.#client.fetch(url, {
        method,
        // The server compares both with what arrived; the second one is what a bucket with Object Lock asks for.
        headers: {
          ...headers,
          'x-amz-content-sha256': sha256.toString('hex'),
          ...(body && method === 'PUT' && { 'x-amz-checksum-sha256': sha256.toString('base64') })
        },
        ...(body && { body }),
        // Another address was not configured, and must not get the content.
        redirect: 'manual',
        signal: AbortSignal.timeout(attemptMs)
      })
      const isContent = method === 'GET' && name !== '' && response.status < 300
      return {
        status: response.status,
        headers: response.headers,
        bytes: isContent ? new Uint8Array(await response.arrayBuffer()) : new Uint8Array(),
        text: isContent ? '' : await response.text()
      }
    } catch (cause) {
      if (!isPassing(cause)) throw cause
      throw new ArchiveError('ARCHIVE_UNAVAILABLE', 'The S3 server is unreachable or gave no answer', cause)
    }
  }
}
