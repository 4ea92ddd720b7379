import type { ConsumerGroupOptions } from 'eventtrail/consumer'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { catalogue, type Events } from './events.ts'
import { handlersOf } from './handlers.ts'
import { withEventInLog } from './logging.ts'

/** All of the group but for where its servers are: the tests run it with the same options. */
export const groupOptions = (pool: Pool, log: Logger) =>
  ({
    group: 'points',
    version: process.env.npm_package_version ?? '0.0.0',
    catalogue,
    handlers: handlersOf(pool),
    use: [withEventInLog],
    timeoutMs: 30_000,
    retry: { attempts: 5, maxMs: 1_000 },
    // Later changes of a customer wait for one that failed: points must not be spent before they were earned.
    deadLetters: { policy: 'park' },
    log
  }) satisfies Omit<ConsumerGroupOptions<Events>, 'connection'>
