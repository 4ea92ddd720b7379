// A member whose handler writes down each event once, for tests that kill it: in between it waits, so that a kill lands
// before, within and after the transaction.
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { createConsumerGroup } from '../../../../consumers/index.ts'
import { catalogue, type Events } from '../../../../schemas/catalogue/index.ts'

const { KAFKA_BROKERS = '', SCHEMA_REGISTRY_URL = '', TOPIC_PREFIX = '', DATABASE_URL = '' } = process.env

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 16 })
const group = createConsumerGroup<Events>({
  group: 'booking',
  connection: { kafka: { brokers: KAFKA_BROKERS.split(',') }, registry: { url: SCHEMA_REGISTRY_URL } },
  topicPrefix: TOPIC_PREFIX,
  catalogue,
  sessionTimeoutMs: 1_000,
  topicRefreshMs: 500,
  // Rare commits make many events come again.
  commitIntervalMs: 5_000,
  handlers: {
    'quiz.submitted': async ({ id, aggregate_id }, { once }) => {
      const isNew = await once(pool, async session => {
        await session.query('INSERT INTO effects (event_id, aggregate) VALUES ($1, $2)', [id, aggregate_id])
        await delay(1)
      })
      if (!isNew) await pool.query('INSERT INTO repeated VALUES ($1)', [id])
    }
  }
})
await group.start()
process.on('SIGTERM', () => void group.drain())
await group.closed
await pool.end()
