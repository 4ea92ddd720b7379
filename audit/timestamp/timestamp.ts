import { hash } from 'node:crypto'
import { AuditError } from '../errors.ts'
import { checkpointPathOf, type TileStore } from '../store/index.ts'

/** AlgorithmIdentifier of SHA-256 without parameters but NULL, in DER. */
const sha256Id = Buffer.from('300d06096086480165030402010500', 'hex')
const timeoutMs = 10_000
const mostBytes = 100_000

/** A request for a time stamp (RFC 3161, TimeStampReq): version 1, the SHA-256, and that the certificate is wanted. */
export function composeTimestampRequest(digest: Buffer): Buffer {
  const imprint = sequence(sha256Id, Buffer.from([0x04, digest.length]), digest)
  return sequence(Buffer.from('020101', 'hex'), imprint, Buffer.from('0101ff', 'hex'))
}

/** @param parts of less than 128 bytes together */
function sequence(...parts: readonly Buffer[]): Buffer {
  const inside = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([0x30, inside.length]), inside])
}

/** Whether an answer (TimeStampResp) grants a stamp of this digest. Its signature is checked by `openssl ts -verify`. */
export function grantsTimestamp(answer: Buffer, digest: Buffer): boolean {
  const inside = contentAt(answer, 0)
  const status = inside === undefined ? undefined : contentAt(answer, inside)
  if (status === undefined || answer[status] !== 0x02 || answer[status + 1] !== 1) return false
  return (answer[status + 2] ?? 2) <= 1 && answer.includes(digest)
}

/** Where the content of a SEQUENCE begins. */
function contentAt(bytes: Buffer, at: number): number | undefined {
  const length = bytes[at + 1]
  if (bytes[at] !== 0x30 || length === undefined) return undefined
  return at + 2 + (length > 0x80 ? length - 0x80 : 0)
}

/** Where the time stamp of a checkpoint is kept. */
export const timestampPathOf = (size: number): string =>
  `${checkpointPathOf(size).replace('checkpoints', 'timestamps')}.tsr`

/**
 * Has an authority stamp a checkpoint, unless it is stamped already: `openssl ts -verify -data checkpoints/… -in
 * timestamps/….tsr` says when it existed at the latest.
 * @param note the checkpoint, signed, as the place has it
 * @throws AuditError `TIMESTAMP_UNAVAILABLE`, and those of places
 */
export async function stampCheckpoint(store: TileStore, size: number, note: string, url: string): Promise<void> {
  const path = timestampPathOf(size)
  if (await store.get(path)) return
  const digest = hash('sha256', note, 'buffer')
  await store.put(path, await ask(url, digest))
}

async function ask(url: string, digest: Buffer): Promise<Buffer> {
  const unavailable = (why: string, cause?: unknown) =>
    new AuditError('TIMESTAMP_UNAVAILABLE', `The time stamp authority gave no stamp: ${why}`, cause)
  let answer: Buffer
  try {
    const response = await fetch(url, {
      ...{ method: 'POST', body: Uint8Array.from(composeTimestampRequest(digest)) },
      headers: { 'content-type': 'application/timestamp-query' },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs)
    })
    if (response.status !== 200) throw unavailable(`it answers ${response.status}`)
    answer = Buffer.from(await response.arrayBuffer())
  } catch (cause) {
    if (cause instanceof AuditError) throw cause
    throw unavailable('it cannot be reached', cause)
  }
  if (answer.length > mostBytes || !grantsTimestamp(answer, digest)) throw unavailable('its answer grants none')
  return answer
}
