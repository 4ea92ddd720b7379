import { hash } from 'node:crypto'
import { ProofError } from './errors.ts'
import { hashBytes } from './row.ts'

/** Children of a node. A node of two costs 268 ns a row more, one of sixteen 38. */
export const width = 16
const nodePrefix = 1
const nodeBytes = 1 + width * hashBytes

/** The last hashes of a level, in the bytes of the node that they will be in. */
interface Level {
  readonly node: Buffer
  count: number
}

const emptyLevel = (): Level => {
  const node = Buffer.allocUnsafe(nodeBytes)
  node[0] = nodePrefix
  return { node, count: 0 }
}

/**
 * The tree over the rows of a stretch, built from the left. Groups of sixteen hashes are a node; a group of one, which
 * only the last of a level can be, goes up as it is. It keeps at most fifteen hashes a level.
 */
export class WideTree {
  #levels: Level[] = []
  #rows = 0

  /** How many leaves it has. */
  get rows(): number {
    return this.#rows
  }

  /** @param leaves 32 bytes each, in the order of their offsets */
  append(leaves: Buffer): void {
    if (leaves.length % hashBytes !== 0) throw new RangeError('leaves have 32 bytes each')
    for (let from = 0; from < leaves.length; ) {
      const level = this.#level(0)
      const to = Math.min(leaves.length, from + (width - level.count) * hashBytes)
      leaves.copy(level.node, 1 + level.count * hashBytes, from, to)
      level.count += (to - from) / hashBytes
      from = to
      if (level.count === width) this.#fold(0)
    }
    this.#rows += leaves.length / hashBytes
  }

  /** SHA-256 of all that was appended; undefined for no rows. */
  root(): Buffer | undefined {
    let carried: Buffer | undefined
    for (const { node, count } of this.#levels) {
      const group = Buffer.concat([node.subarray(0, 1 + count * hashBytes), ...(carried ? [carried] : [])])
      if (group.length > 1) carried = rootOfGroup(group)
    }
    return carried
  }

  /** A copy that can be appended to while this one stays as it is. */
  fork(): WideTree {
    const copy = new WideTree()
    copy.#rows = this.#rows
    copy.#levels = this.#levels.map(({ node, count }) => ({ node: Buffer.from(node), count }))
    return copy
  }

  #level(index: number): Level {
    const level = this.#levels[index] ?? emptyLevel()
    this.#levels[index] = level
    return level
  }

  #fold(index: number): void {
    const full = this.#level(index)
    const next = this.#level(index + 1)
    next.node.write(hash('sha256', full.node, 'binary'), 1 + next.count * hashBytes, 'latin1')
    full.count = 0
    next.count += 1
    if (next.count === width) this.#fold(index + 1)
  }
}

// With its prefix. A group of one is its only hash.
const rootOfGroup = (group: Buffer): Buffer =>
  group.length === 1 + hashBytes ? group.subarray(1) : hash('sha256', group, 'buffer')

/** The way of a leaf to the root: in each group the place of the way, and the other hashes. Groups of one are left out. */
export type WidePath = readonly { readonly place: number; readonly others: readonly Buffer[] }[]

/** The path of one leaf. @param leaves 32 bytes each */
export function widePath(leaves: Buffer, index: number): WidePath {
  const path: { place: number; others: Buffer[] }[] = []
  let [level, at] = [leaves, index]
  if (!(index >= 0 && index * hashBytes < leaves.length)) throw new RangeError('no leaf has this index')
  while (level.length > hashBytes) {
    const above: Buffer[] = []
    for (let from = 0; from < level.length; from += width * hashBytes) {
      const group = level.subarray(from, from + width * hashBytes)
      above.push(rootOfGroup(Buffer.concat([Buffer.of(nodePrefix), group])))
    }
    const from = Math.floor(at / width) * width
    const group = level.subarray(from * hashBytes, (from + width) * hashBytes)
    const hashes = Array.from({ length: group.length / hashBytes }, (_, i) =>
      group.subarray(i * hashBytes, (i + 1) * hashBytes)
    )
    if (hashes.length > 1) path.push({ place: at - from, others: hashes.filter((_, i) => i !== at - from) })
    level = Buffer.concat(above)
    at = Math.floor(at / width)
  }
  return path
}

/**
 * The root to which a path leads. The number of rows and the index say what shape it must have.
 * @throws ProofError `PATH_INVALID` when it has another shape
 */
export function rootOfWidePath(leaf: Buffer, { rows, index }: { rows: number; index: number }, path: WidePath): Buffer {
  const steps = [...path]
  if (!(Number.isSafeInteger(index) && index >= 0 && index < rows)) throw wrongShape()
  let current = leaf
  let [count, at] = [rows, index]
  while (count > 1) {
    const place = at % width
    const inGroup = Math.min(width, count - (at - place))
    if (inGroup > 1) {
      const step = steps.shift()
      if (step?.place !== place || step.others.length !== inGroup - 1) throw wrongShape()
      if (step.others.some(({ length }) => length !== hashBytes)) throw wrongShape()
      const { others } = step
      const group = [Buffer.of(nodePrefix), ...others.slice(0, place), current, ...others.slice(place)]
      current = hash('sha256', Buffer.concat(group), 'buffer')
    }
    count = Math.ceil(count / width)
    at = Math.floor(at / width)
  }
  if (steps.length > 0) throw wrongShape()
  return current
}

const wrongShape = (): ProofError =>
  new ProofError('PATH_INVALID', 'the path of the row does not have the shape that its place among the rows demands')
