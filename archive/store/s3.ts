import { createHash } from 'node:crypto'
import { ArchiveError } from '../errors.ts'
import { type Bucket, type BucketOptions, openBucket } from './bucket.ts'
import { attributeOf, completion, elementOf, elementsOf } from './s3-answers.ts'
import type { ArchiveStore, NewArchive, OpenArchive } from './store.ts'

/**
 * A bucket of S3, or of a server that speaks as S3 does. A file is uploaded in parts, and comes into being with the last
 * one, unless there is one of its name (`If-None-Match: *`).
 * @throws ConfigError `CONFIG_MISSING` where aws4fetch is not installed
 */
export async function bucketStore(options: BucketOptions): Promise<ArchiveStore> {
  const bucket = await openBucket(options)
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
