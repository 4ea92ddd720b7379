import { connectionFromEnvironment, createConsumerGroup } from 'eventtrail/consumer'
import { Pool } from 'pg'
import { groupOptions } from './group.ts'
import { createLog } from './logging.ts'

const log = createLog()
const pool = new Pool({ connectionString: process.env.DATABASE_URL })
// A session that breaks while no one uses it ends the process otherwise.
pool.on('error', error => log.warn({ code: (error as { code?: string }).code }, 'an idle session was lost'))

const group = createConsumerGroup({
  ...groupOptions(pool, log),
  connection: connectionFromEnvironment(),
  topicPrefix: process.env.TOPIC_PREFIX ?? ''
})
await group.start()
log.info('reading')

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void group.drain())

// Undefined after `drain`; an error that no retry can fix otherwise.
const failure = await group.closed
await pool.end()
if (failure) {
  log.fatal({ err: failure }, 'the group failed')
  process.exitCode = 1
} else log.info('drained')
