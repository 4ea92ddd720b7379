export type SinkState = 'idle' | 'running' | 'draining' | 'closed' | 'failed'

/** Counts since the start of this process. */
export interface SinkStats {
  readonly rows: number
  readonly batches: number
  readonly duplicates: number
  readonly quarantined: number
  /** Chunks that another sink had taken over. */
  readonly fenced: number
  /** Writes that were tried again. */
  readonly retries: number
  /** Rows handed over and not written yet. */
  readonly pending: number
}
