import { createHash } from 'node:crypto'

/** SHA-256 of a record's value; a null value has the digest of no bytes. */
export function digestOf(value: Buffer | null): Buffer {
  return createHash('sha256')
    .update(value ?? '')
    .digest()
}
