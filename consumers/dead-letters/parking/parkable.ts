import type { TopicPartition } from '../../../kafka/index.ts'
import type { Redriven } from '../redrive.ts'

/** A message, as far as it matters whether its aggregate is parked. */
export interface Parkable {
  readonly record: { readonly key: Buffer | null; readonly offset: number }
  /** `isLost`: it is another member's now. */
  readonly source: TopicPartition & { readonly isLost?: boolean }
  readonly redriven?: Redriven | undefined
}

/** `handle`: its turn has come; `park`: it goes to the dead letters, after those that wait there. */
export type Begin = 'handle' | 'park'
