/**
 * The partition of a keyed record, the same as the Java client's default: murmur2 of the key's UTF-8 bytes,
 * made positive, modulo the number of partitions. Publishers in any language thus keep an aggregate in one place.
 * @param key text, or the bytes themselves.
 * @param partitions how many the topic has, from 1.
 */
export function partitionFor(key: string | Uint8Array, partitions: number): number {
  return (murmur2(typeof key === 'string' ? bytesOf(key) : key) & 0x7fffffff) % partitions
}

// Keys are short and many: no buffer is made for each.
const scratch = Buffer.alloc(256)

function bytesOf(key: string): Uint8Array {
  if (key.length * 3 > scratch.length) return Buffer.from(key)
  return scratch.subarray(0, scratch.write(key))
}

const seed = 0x9747b28c
const multiplier = 0x5bd1e995
const shift = 24

/** MurmurHash 2 of 32 bits with the Java client's seed, as a signed integer. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes
  const byteAt = (index: number): number => bytes[index] as number
  let hash = seed ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    let word = byteAt(at) | (byteAt(at + 1) << 8) | (byteAt(at + 2) << 16) | (byteAt(at + 3) << 24)
    word = Math.imul(word, multiplier)
    word ^= word >>> shift
    word = Math.imul(word, multiplier)
    hash = Math.imul(hash, multiplier) ^ word
  }
  const rest = length - at
  if (rest > 0) {
    if (rest > 2) hash ^= byteAt(at + 2) << 16
    if (rest > 1) hash ^= byteAt(at + 1) << 8
    hash ^= byteAt(at)
    hash = Math.imul(hash, multiplier)
  }
  hash ^= hash >>> 13
  hash = Math.imul(hash, multiplier)
  return hash ^ (hash >>> 15)
}
