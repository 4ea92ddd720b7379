import type { HeldBack } from './types/index.ts'

/** What is held back, in words: "order.placed/3: 498 offsets wait …". */
export function heldBackWords({ topic, partition, from, offsets, since }: HeldBack): string {
  const open = since ? `open since ${since.toISOString()}` : 'open'
  return `${topic}/${partition}: ${offsets} offsets from ${from} on wait for the end of a transaction that is ${open}`
}
