import { hash } from 'node:crypto'
import { ProofError } from './errors.ts'

/**
 * The tree over the entries of the log (RFC 6962, section 2.1). Sizes and indices are whole numbers up to 2^53.
 */

/** SHA-256 of nothing: the root of a tree without entries. */
export const emptyRoot: Buffer = hash('sha256', '', 'buffer')

/** The hash of an entry. */
export const entryHash = (entry: Uint8Array): Buffer => hash('sha256', Buffer.concat([Buffer.of(0), entry]), 'buffer')

export const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer =>
  hash('sha256', Buffer.concat([Buffer.of(1), left, right]), 'buffer')

/** Gives the hash of the complete subtree over the entries `index * 2^level` to `(index + 1) * 2^level`. */
export type HashReader = (level: number, index: number) => Buffer

/** Reads from hashes of entries in memory. */
export function readerOf(hashes: readonly Buffer[]): HashReader {
  const read: HashReader = (level, index) => {
    if (level > 0) return nodeHash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1))
    const found = hashes[index]
    if (!found) throw new RangeError('the tree has no such entry')
    return found
  }
  return read
}

/** The root of the first `size` entries. */
export const logRoot = (size: number, read: HashReader): Buffer => (size === 0 ? emptyRoot : subtree(0, size, read))

function subtree(from: number, to: number, read: HashReader): Buffer {
  const size = to - from
  const split = splitOf(size)
  if (split * 2 === size || size === 1) return read(Math.log2(size), from / size)
  return nodeHash(subtree(from, from + split, read), subtree(from + split, to, read))
}

/** The largest power of two that is less than `size`. */
function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/** The proof that the entry of this index is in the tree of the first `size` entries (RFC 6962, section 2.1.1). */
export function inclusionPath(index: number, size: number, read: HashReader): Buffer[] {
  if (!(index >= 0 && index < size)) throw new RangeError('the tree has no such entry')
  const walk = (from: number, to: number): Buffer[] => {
    if (to - from === 1) return []
    const middle = from + splitOf(to - from)
    return index < middle
      ? [...walk(from, middle), subtree(middle, to, read)]
      : [...walk(middle, to), subtree(from, middle, read)]
  }
  return walk(0, size)
}

/** The proof that the tree of `older` entries is the beginning of that of `size` (RFC 6962, section 2.1.2). */
export function consistencyPath(older: number, size: number, read: HashReader): Buffer[] {
  if (!(older >= 0 && older <= size)) throw new RangeError('the older tree is the larger one')
  if (older === 0 || older === size) return []
  const walk = (from: number, to: number, whole: boolean): Buffer[] => {
    if (to === older) return whole ? [] : [subtree(from, to, read)]
    const middle = from + splitOf(to - from)
    return older <= middle
      ? [...walk(from, middle, whole), subtree(middle, to, read)]
      : [...walk(middle, to, false), subtree(from, middle, read)]
  }
  return walk(0, size, true)
}

const notIncluded = () => new ProofError('PATH_INVALID', 'the proof of an entry does not lead to the root of the log')

/**
 * Holds an inclusion proof against a root (RFC 9162, section 2.1.3.2).
 * @param leaf the {@link entryHash}
 * @throws ProofError `PATH_INVALID`
 */
export function checkInclusion(
  leaf: Buffer,
  { index, size, root }: { readonly index: number; readonly size: number; readonly root: Buffer },
  path: readonly Buffer[]
): void {
  if (!(Number.isSafeInteger(size) && Number.isSafeInteger(index) && index >= 0 && index < size)) throw notIncluded()
  let [at, last] = [index, size - 1]
  let current = leaf
  for (const step of path) {
    if (last === 0) throw notIncluded()
    if (at % 2 === 1 || at === last) {
      current = nodeHash(step, current)
      while (at % 2 === 0 && at > 0) [at, last] = [at / 2, half(last)]
    } else current = nodeHash(current, step)
    ;[at, last] = [half(at), half(last)]
  }
  if (last !== 0 || !current.equals(root)) throw notIncluded()
}

const half = (number: number): number => Math.floor(number / 2)

/** A tree: how many entries, and their root. */
export interface TreeHead {
  readonly size: number
  readonly root: Buffer
}

const inconsistent = () =>
  new ProofError('PATH_INVALID', 'the proof does not show that the newer log continues the older one')

/** Holds a consistency proof against two roots (RFC 9162, section 2.1.4.2). @throws ProofError `PATH_INVALID` */
export function checkConsistency(older: TreeHead, newer: TreeHead, path: readonly Buffer[]): void {
  if (![older.size, newer.size].every(size => Number.isSafeInteger(size) && size >= 0)) throw inconsistent()
  if (older.size > newer.size) throw inconsistent()
  if (older.size === 0) {
    if (path.length > 0 || !older.root.equals(emptyRoot)) throw inconsistent()
    return
  }
  if (older.size === newer.size) {
    if (path.length > 0 || !older.root.equals(newer.root)) throw inconsistent()
    return
  }
  let [at, last] = [older.size - 1, newer.size - 1]
  while (at % 2 === 1) [at, last] = [half(at), half(last)]
  // Where the older tree is complete its root is the first step, and is left out.
  const [first, ...steps] = at === 0 ? [older.root, ...path] : path
  if (!first) throw inconsistent()
  let [was, is] = [first, first]
  for (const step of steps) {
    if (last === 0) throw inconsistent()
    if (at % 2 === 1 || at === last) {
      was = nodeHash(step, was)
      is = nodeHash(step, is)
      while (at % 2 === 0 && at > 0) [at, last] = [at / 2, half(last)]
    } else is = nodeHash(is, step)
    ;[at, last] = [half(at), half(last)]
  }
  if (last !== 0 || !was.equals(older.root) || !is.equals(newer.root)) throw inconsistent()
}
