import { createHash } from 'node:crypto'
import type { AwsClient } from 'aws4fetch'
import { ConfigError, retry } from '../../core/index.ts'
import { ArchiveError } from '../errors.ts'
import { type Answer, attributeOf, completion, elementOf, elementsOf, faultOf, isPassing } from './s3-answers.ts'
import type { ArchiveStore, NewArchive, OpenArchive } from './store.ts'

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

/**
 * A bucket of S3, or of a server that speaks as S3 does. A file is uploaded in parts, and comes into being with the last
 * one, unless there is one of its name (`If-None-Match: *`).
 * @throws ConfigError `CONFIG_MISSING` where aws4fetch is not installed
 */
export async function bucketStore(options: BucketOptions): Promise<ArchiveStore> {
  const bucket = new Bucket(await clientOf(options), options)
  return {
    addressOf: name => `s3://${options.bucket}/${options.prefix}${name}`,
    create: async name => new Upload(bucket, name, options.partBytes ?? 16 * 1_048_576),
    open: name => openObject(bucket, name),
    async removeUnfinished(name) {
      const listed = await bucket
        .ask('GET', '', { query: { uploads: '', prefix: bucket.keyOf(name) } })
        .catch(mayNotList)
      for (const upload of elementsOf(listed?.text ?? '', 'Upload'))
        if (elementOf(upload, 'Key') === bucket.keyOf(name))
          await bucket.ask('DELETE', name, { query: { uploadId: elementOf(upload, 'UploadId') }, accept: [404] })
    }
  }
}

/** Who may not list uploads leaves them to a rule of the bucket. */
function mayNotList(error: unknown): undefined {
  if (!(error instanceof ArchiveError && error.code === 'ARCHIVE_REFUSED')) throw error
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

class Bucket {
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
      throw new ArchiveError('ARCHIVE_UNAVAILABLE', 'The server of the archive is unreachable or gave no answer', cause)
    }
  }
}

interface Part {
  readonly etag: string
  readonly sha256: string
}

const ifAbsent = { 'if-none-match': '*' }

/** A file that is uploaded: as one where it is small, else in parts. */
class Upload implements NewArchive {
  readonly #bucket: Bucket
  readonly #name: string
  readonly #partBytes: number
  readonly #parts: Part[] = []
  #pieces: Buffer[] = []
  #size = 0
  #id: string | undefined

  constructor(bucket: Bucket, name: string, partBytes: number) {
    this.#bucket = bucket
    this.#name = name
    this.#partBytes = partBytes
  }

  async write(bytes: Uint8Array): Promise<void> {
    // Copied: the caller takes them back.
    this.#pieces.push(Buffer.from(bytes))
    this.#size += bytes.length
    if (this.#size >= this.#partBytes) await this.#sendPart()
  }

  async finish(): Promise<void> {
    if (this.#id === undefined) {
      await this.#bucket.ask('PUT', this.#name, { headers: ifAbsent, body: this.#take() })
      return
    }
    if (this.#size > 0) await this.#sendPart()
    const body = Uint8Array.from(Buffer.from(completion(this.#parts)))
    await this.#bucket.ask('POST', this.#name, { query: { uploadId: this.#id }, headers: ifAbsent, body })
  }

  async abort(): Promise<void> {
    if (this.#id === undefined) return
    await this.#bucket.ask('DELETE', this.#name, { query: { uploadId: this.#id } }).catch(() => undefined)
  }

  async #sendPart(): Promise<void> {
    this.#id ??= await this.#begin()
    const body = this.#take()
    const query = { partNumber: String(this.#parts.length + 1), uploadId: this.#id }
    const { headers } = await this.#bucket.ask('PUT', this.#name, { query, body })
    this.#parts.push({
      etag: attributeOf(headers, 'etag'),
      sha256: createHash('sha256').update(body).digest('base64')
    })
  }

  async #begin(): Promise<string> {
    const headers = { 'x-amz-checksum-algorithm': 'SHA256' }
    const { text } = await this.#bucket.ask('POST', this.#name, { query: { uploads: '' }, headers })
    return elementOf(text, 'UploadId')
  }

  #take(): Uint8Array<ArrayBuffer> {
    const all = Uint8Array.from(Buffer.concat(this.#pieces))
    this.#pieces = []
    this.#size = 0
    return all
  }
}

async function openObject(bucket: Bucket, name: string): Promise<OpenArchive> {
  const { headers } = await bucket.ask('HEAD', name)
  const bytes = Number(attributeOf(headers, 'content-length'))
  // All ranges are of one and the same file.
  const same = { 'if-match': attributeOf(headers, 'etag') }
  return {
    bytes,
    async read(start, end) {
      const answer = await bucket.ask('GET', name, { headers: { ...same, range: `bytes=${start}-${end - 1}` } })
      if (answer.bytes.length !== end - start)
        throw new ArchiveError('ARCHIVE_DIFFERS', 'The archive ends earlier than it did')
      return answer.bytes
    },
    async [Symbol.asyncDispose]() {
      // Nothing is held.
    }
  }
}
