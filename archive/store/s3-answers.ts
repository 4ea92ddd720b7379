import { ArchiveError } from '../errors.ts'

/** What a server of S3 answered. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Of a file. */
  readonly bytes: Uint8Array
  /** Of all else. */
  readonly text: string
}

/** The text of the first element of a name in the XML of S3; '' where there is none. */
export function elementOf(xml: string, name: string): string {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? ''
  return found.replace(
    /&(quot|amp|lt|gt|apos|#x?[0-9a-f]+);/gi,
    (whole, entity: string) => entities[entity] ?? numbered(whole)
  )
}

const entities: Readonly<Record<string, string>> = { quot: '"', amp: '&', lt: '<', gt: '>', apos: "'" }

function numbered(entity: string): string {
  const [, hex, digits] = /^&#(x?)([0-9a-f]+);$/i.exec(entity) ?? []
  return digits === undefined ? entity : String.fromCodePoint(Number.parseInt(digits, hex ? 16 : 10))
}

/** All elements of a name with what is in them. */
export const elementsOf = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g'))].map(([, inner = '']) => inner)

/** A header that an answer must have. @throws ArchiveError `ARCHIVE_UNAVAILABLE` */
export function attributeOf(headers: Headers, name: string): string {
  const value = headers.get(name)
  if (value === null) throw new ArchiveError('ARCHIVE_UNAVAILABLE', `The S3 server left out ${name} in its answer`)
  return value
}

/** The list of parts that ends an upload. */
export const completion = (parts: readonly { readonly etag: string; readonly sha256: string }[]): string =>
  `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts
    .map(
      ({ etag, sha256 }, index) =>
        `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag.replaceAll('"', '&quot;')}</ETag><ChecksumSHA256>${sha256}</ChecksumSHA256></Part>`
    )
    .join('')}</CompleteMultipartUpload>`

/** What S3 says with its codes, where that is no outage. */
const refusals: Readonly<Record<number, string>> = {
  301: 'the bucket is in another region: AWS_REGION names it',
  307: 'the bucket is in another region: AWS_REGION names it',
  400: 'it refuses the request',
  401: 'it refuses the key',
  403: 'it refuses the key, or the key may not do this',
  404: 'there is no such bucket',
  405: 'it does not allow this',
  411: 'it refuses the request',
  501: 'it does not know this request'
}

/** The error of an answer that is no success. */
export function faultOf({ status, text }: Pick<Answer, 'status' | 'text'>): ArchiveError {
  // Of its own words the code alone: others may repeat keys.
  const code = /^[A-Za-z]{1,64}$/.exec(elementOf(text, 'Code'))?.[0]
  const named = code === undefined ? String(status) : `${status} ${code}`
  // A conflict of two that write the same name is decided by the next attempt.
  if (status === 412) return new ArchiveError('ARCHIVE_EXISTS', `There is an archive of that name already (${named})`)
  if (status === 404 && code !== 'NoSuchBucket' && code !== 'NoSuchUpload')
    return new ArchiveError('ARCHIVE_MISSING', `The archive is not there any more (${named})`)
  const why = refusals[status]
  if (why !== undefined && !passing.has(code ?? ''))
    return new ArchiveError('ARCHIVE_REFUSED', `The S3 server refused: ${why} (${named})`)
  return new ArchiveError('ARCHIVE_UNAVAILABLE', `The S3 server cannot answer now (${named})`)
}

/** Codes of 4xx after which the same request may succeed. */
const passing: ReadonlySet<string> = new Set(['RequestTimeout', 'SlowDown', 'RequestTimeTooSkewed', 'BadDigest'])

/** Whether a request failed on its way, and not by a mistake of this program. */
export const isPassing = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'TimeoutError' ||
    error.name === 'AbortError' ||
    (error instanceof TypeError && error.cause instanceof Error))
