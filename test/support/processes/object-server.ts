import { createHash } from 'node:crypto'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterAll } from 'vitest'

/**
 * A server that speaks as much of S3 as archives need: files in parts, `If-None-Match`, ranges, checksums. Buckets of moto
 * and MinIO answer the same; `EVENTTRAIL_S3_ENDPOINT` lets the tests of stores run against one.
 */
export async function objectServer() {
  const objects = new Map<string, Buffer>()
  const uploads = new Map<string, { readonly key: string; readonly parts: Map<number, Buffer> }>()
  const faults: ((request: IncomingMessage, response: ServerResponse) => void)[] = []
  const seen: string[] = []

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request)
    const url = new URL(request.url ?? '/', 'http://localhost')
    seen.push(`${request.method} ${url.pathname}`)
    const fault = faults.shift()
    if (fault) return fault(request, response)
    const end = (status: number, text: string | Buffer = '', headers: Record<string, string | number> = {}) =>
      void response.writeHead(status, headers).end(text)
    const refuse = (status: number, code: string) => end(status, `<Error><Code>${code}</Code></Error>`)
    const sha256 = createHash('sha256').update(body)
    if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) return refuse(403, 'AccessDenied')
    if (request.headers['x-amz-content-sha256'] !== sha256.copy().digest('hex'))
      return refuse(400, 'XAmzContentSHA256Mismatch')
    if (request.method === 'PUT' && request.headers['x-amz-checksum-sha256'] !== sha256.digest('base64'))
      return refuse(400, 'InvalidRequest')
    const [, bucket = '', ...path] = decodeURIComponent(url.pathname).split('/')
    if (bucket !== 'trail') return refuse(404, 'NoSuchBucket')
    const key = path.join('/')
    const etag = (bytes: Buffer) => `"${createHash('md5').update(bytes).digest('hex')}"`
    const put = (bytes: Buffer) => {
      if (request.headers['if-none-match'] === '*' && objects.has(key)) return refuse(412, 'PreconditionFailed')
      objects.set(key, bytes)
      end(200, '<Result/>', { etag: etag(bytes) })
    }
    const id = url.searchParams.get('uploadId')
    const upload = id === null ? undefined : uploads.get(id)
    if (id !== null && !upload) return refuse(404, 'NoSuchUpload')
    if (url.searchParams.has('uploads')) {
      if (request.method === 'GET') {
        const all = [...uploads].map(
          ([each, { key }]) => `<Upload><Key>${key}</Key><UploadId>${each}</UploadId></Upload>`
        )
        return end(200, `<ListMultipartUploadsResult>${all.join('')}</ListMultipartUploadsResult>`)
      }
      const made = `upload-${uploads.size + 1}`
      uploads.set(made, { key, parts: new Map() })
      return end(200, `<UploadId>${made}</UploadId>`)
    }
    if (id !== null && upload) {
      if (request.method === 'DELETE') {
        uploads.delete(id)
        return end(204)
      }
      if (request.method === 'PUT') {
        upload.parts.set(Number(url.searchParams.get('partNumber')), body)
        return end(200, '', { etag: etag(body) })
      }
      const wanted = [...body.toString().matchAll(/<ETag>&quot;([^<]*)&quot;<\/ETag>/g)].map(([, each]) => `"${each}"`)
      const parts = [...upload.parts].toSorted(([a], [b]) => a - b).map(([, bytes]) => bytes)
      if (JSON.stringify(wanted) !== JSON.stringify(parts.map(etag))) return refuse(400, 'InvalidPart')
      put(Buffer.concat(parts))
      uploads.delete(id)
      return
    }
    if (request.method === 'PUT') return put(body)
    const object = objects.get(key)
    if (!object) return refuse(404, 'NoSuchKey')
    if (request.method === 'HEAD') return end(200, '', { 'content-length': object.length, etag: etag(object) })
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    if (from === undefined) return end(200, object, { etag: etag(object) })
    if (request.headers['if-match'] !== etag(object)) return refuse(412, 'PreconditionFailed')
    end(206, object.subarray(Number(from), Number(to) + 1))
  }

  const server = http.createServer((request, response) => void answer(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  afterAll(() => {
    server.closeAllConnections()
    return new Promise<void>(resolve => server.close(() => resolve()))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** By their keys. */
    objects,
    /** Uploads that have not ended, by their ids. */
    uploads,
    /** Answers of the next requests, in place of its own. */
    faults,
    /** What was asked: `PUT /trail/name`. */
    seen
  }
}
