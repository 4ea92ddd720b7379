import type { KafkaAdmin } from '../../kafka/index.ts'
import type { Pool } from '../../postgres/index.ts'

/** What was compared, and what came of it. */
export interface VerifyFinding {
  readonly check: 'kafka' | 'rows' | 'books' | 'gaps' | 'quarantine' | 'duplicates' | 'skipped' | 'resets'
  /** `notice` is for a person to know and no loss; with `wrong` something is missing, or the books do not agree. */
  readonly level: 'ok' | 'notice' | 'wrong'
  readonly words: string
  /** With its prefix. */
  readonly topic?: string
  readonly partition?: number
  /** How many offsets or records. */
  readonly records?: number
  readonly firstOffset?: number
  readonly lastOffset?: number
}

export interface VerifyParts {
  readonly pool: Pool
  readonly admin: KafkaAdmin
  /** With the prefix. */
  readonly group: string
  readonly topicPrefix: string
  /** Whole names. Default: all that a sink of the group has read, and all of the prefix that the trail has a schema of. */
  readonly topics?: readonly string[] | undefined
  /** Rows that were stored before the hour of this time are not counted. Default: all are. */
  readonly since?: Date | undefined
  /** Hears what is looked at. */
  readonly onProgress: (words: string) => void
  readonly signal: AbortSignal
}
