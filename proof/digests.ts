import { createHash, type Hash, hash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'

/** What an offset of a stretch is that became no row. */
export type AsideLine =
  /** The id was there before. */
  | { readonly kind: 'duplicate'; readonly offset: number; readonly id: string }
  /** A record in quarantine; a batch that cannot be read takes `offset` to `last`. */
  | {
      readonly kind: 'quarantined'
      readonly offset: number
      /** Default: `offset`. */
      readonly last?: number
      readonly code: string
      readonly digest: Buffer
    }
  /** Offsets that Kafka lost before they were read. */
  | { readonly kind: 'lost'; readonly offset: number; readonly last: number }

/** The line of the list whose digest an entry has. */
export function asideText(line: AsideLine): string {
  switch (line.kind) {
    case 'duplicate':
      return `d ${line.offset} ${line.id}\n`
    case 'quarantined': {
      const { offset, last = offset, code, digest } = line
      const what = `${code} ${digest.toString('hex')}\n`
      return last === offset ? `q ${offset} ${what}` : `b ${offset} ${last} ${what}`
    }
    case 'lost':
      return `l ${line.offset} ${line.last}\n`
  }
}

/** How many offsets a line is about. */
export function offsetsOf(line: AsideLine): number {
  const last = line.kind === 'duplicate' ? line.offset : (line.last ?? line.offset)
  return last - line.offset + 1
}

/** The digest of a list of offsets that are no rows, made line by line. */
export class AsideDigest {
  #hash: Hash | undefined

  /** Lines come in the order of their offsets. */
  add(line: AsideLine): void {
    this.#hash ??= createHash('sha256')
    this.#hash.update(asideText(line))
  }

  /** In base64; null where the list is empty. */
  digest(): string | null {
    return this.#hash?.copy().digest('base64') ?? null
  }

  /** A copy that can be added to while this one stays as it is. */
  fork(): AsideDigest {
    const copy = new AsideDigest()
    copy.#hash = this.#hash?.copy()
    return copy
  }
}

/** A record as the quarantine keeps it: what anyone can read from there until it is purged. */
export interface QuarantinedRecord {
  /** Milliseconds since 1970. */
  readonly timestamp: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** The headers as JSON, in whatever form. */
  readonly headers: string
}

const recordPrefix = 2

/** What proves a quarantined record after its bytes were purged. @throws ProofError `JSON_INVALID` */
export function quarantineDigest({ timestamp, key, value, headers }: QuarantinedRecord): Buffer {
  const time = Buffer.alloc(8)
  time.writeBigInt64BE(timestamp)
  // Piece by piece: a value has up to 64 MiB.
  const sum = createHash('sha256').update(Buffer.of(recordPrefix)).update(time)
  for (const part of [...withLength(key), ...withLength(value)]) sum.update(part)
  return sum.update(canonicalJson(headers)).digest()
}

function withLength(bytes: Buffer | null): Buffer[] {
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes?.length ?? -1)
  return bytes ? [length, bytes] : [length]
}

/** The `words` of an entry: a reason and names of people, which are kept outside of the log and can be erased there. */
export const wordsDigest = (salt: Buffer, words: string): string =>
  hash('sha256', Buffer.concat([salt, Buffer.from(canonicalJson(words))]), 'base64')

/** The `kept` of a retention: the leaves that stay after their rows went, 32 bytes each, in their order. */
export const keptDigest = (leaves: Buffer): string | null =>
  leaves.length === 0 ? null : hash('sha256', leaves, 'base64')
