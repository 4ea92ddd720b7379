/** Where the log of a partition begins and ends, in offsets. */
export interface LogEnds {
  readonly topic: string
  readonly partition: number
  /** The first one that is still there. */
  readonly start: number
  /** Behind the last one that a reader of committed records is given: the last stable offset. */
  readonly end: number
  /**
   * Behind the last one that all in-sync replicas have. What lies from `end` on waits for a transaction that is open;
   * that is acknowledged events of others too.
   */
  readonly highWatermark: number
}

/** What waits behind the open transaction of a producer. */
export interface HeldBack extends Pick<LogEnds, 'topic' | 'partition'> {
  /** Where the transaction begins. */
  readonly from: number
  /** How many offsets, those of the transaction included. */
  readonly offsets: number
  /** The time of its first record, by its producer's clock; undefined where the record has no such time. */
  readonly since: Date | undefined
}

/** What is held back, in words: "lesson.published/3: 498 offsets wait …". */
export function heldBackWords({ topic, partition, from, offsets, since }: HeldBack): string {
  const open = since ? `open since ${since.toISOString()}` : 'open'
  return `${topic}/${partition}: ${offsets} offsets from ${from} on wait for the end of a transaction that is ${open}`
}
