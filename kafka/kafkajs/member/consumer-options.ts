import { defaultMaxBatchBytes } from '../../log/index.ts'
import type { GroupConsumerOptions } from '../../types/index.ts'

/** With a value for everything but what may be left away. */
export type ConsumerSettings = GroupConsumerOptions &
  Required<
    Omit<
      GroupConsumerOptions,
      'onAssigned' | 'onPassed' | 'onOutOfRange' | 'onTopicsVanished' | 'onLook' | 'onReach' | 'onRebuilt'
    >
  >

export function withDefaults(options: GroupConsumerOptions): ConsumerSettings {
  const sessionTimeoutMs = options.sessionTimeoutMs ?? 10_000
  return {
    topicRefreshMs: 3_000,
    fetchLimits: () => ({ maxBytesPerPartition: 4 * 1024 * 1024, maxBytes: 16 * 1024 * 1024 }),
    protocol: 'eventtrail-subscribers-only',
    maxWaitMs: 500,
    maxBatchBytes: defaultMaxBatchBytes,
    concurrency: 1,
    about: Buffer.alloc(0),
    ...options,
    sessionTimeoutMs,
    stallMs: options.stallMs ?? 3 * sessionTimeoutMs
  }
}

/**
 * ms after which a consumer whose supervision does not turn is given up. The longest turn of one that lives is a look
 * for topics that is cut off, a disconnect and a pause.
 */
export const deadAfterMs = ({ stallMs }: Pick<ConsumerSettings, 'stallMs'>): number => 2 * stallMs + 15_000
