/** A number from 0 (inclusive) to 1 (exclusive). */
export type Random = () => number

/** A source of numbers that is the same for the same seed on every machine. */
export function randomFrom(seed: string): Random {
  let state = hash(seed)
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    return mix(state) / 2 ** 32
  }
}

/** One number that belongs to a name: asked again, the answer is the same. */
export function fractionOf(name: string): number {
  return mix(hash(name)) / 2 ** 32
}

/** A whole number from 0 to `count` - 1. */
export function below(count: number, fraction: number): number {
  return Math.floor(fraction * count)
}

// FNV-1a, then the finalizer of murmur3, which spreads names that differ in their last letter only.
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  return value >>> 0
}

function mix(value: number): number {
  let mixed = value
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
