// A group member as a process of its own, for tests that stop and kill it. Prints a line per handled event and
// one whenever it is given partitions.
import { setTimeout as delay } from 'node:timers/promises'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { silentLogger } from '../../../core/logger.ts'
import { catalogue, type Events } from '../../../schemas/catalogue/index.ts'

const {
  KAFKA_BROKERS = '',
  SCHEMA_REGISTRY_URL = '',
  TOPIC_PREFIX = '',
  GROUP = '',
  PAUSE_MS = '0',
  SESSION_MS = '1000'
} = process.env

const log = {
  ...silentLogger,
  child: () => log,
  info: (_: object, message?: string) => void (message === 'partitions assigned' && process.stdout.write('assigned\n'))
}

const group = createConsumerGroup<Events>({
  group: GROUP,
  connection: { kafka: { brokers: KAFKA_BROKERS.split(',') }, registry: { url: SCHEMA_REGISTRY_URL } },
  topicPrefix: TOPIC_PREFIX,
  catalogue,
  sessionTimeoutMs: Number(SESSION_MS),
  topicRefreshMs: 500,
  commitIntervalMs: 100,
  log,
  handlers: {
    'quiz.submitted': async ({ aggregate_id, payload }) => {
      await delay(Number(PAUSE_MS))
      process.stdout.write(`handled ${aggregate_id} ${payload.score_raw}\n`)
    }
  }
})
await group.start()
process.on('SIGTERM', () => void group.drain())
await group.closed
