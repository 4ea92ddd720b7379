import pg from 'pg'
import { createLogger } from '../../../cli/log.ts'
import { createSinkWith } from '../../../sink/sink.ts'
import { pgPositions } from '../../../trail/session/pg-session.ts'
import { guardsOf, sabotaged, sabotages } from './sabotage.ts'

// Runs as `eventtrail sink` does, broken in the way that its argument names. Servers come from the environment.
const how = sabotages.find(each => each === process.argv[2])
if (!how) throw new Error(`Expected one of: ${sabotages.join(', ')}`)
const given = (name: string): string => process.env[name] ?? ''
const databaseUrl = given('DATABASE_URL')
const topicPrefix = given('TOPIC_PREFIX')
const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 })
pool.on('error', () => undefined)
const guards = {
  'unique ids': 'ALTER TABLE event_envelopes DROP CONSTRAINT event_envelopes_pkey',
  ledger: 'DROP TRIGGER sink_only_grows ON sink_ledger; ALTER TABLE sink_ledger DROP CONSTRAINT sink_ledger_adds_up'
}
for (const guard of guardsOf[how]) await pool.query(guards[guard])

const { read } = pgPositions(pool, `${topicPrefix}sink`)
const sink = createSinkWith(
  {
    connection: {
      kafka: { brokers: given('KAFKA_BROKERS').split(',') },
      registry: { url: given('SCHEMA_REGISTRY_URL') },
      postgres: { url: databaseUrl }
    },
    topicPrefix,
    sessionTimeoutMs: 1_000,
    log: createLogger()
  },
  { openSession: async open => sabotaged(await open(), how, read) }
)
process.once('disconnect', () => process.exit(1))
process.once('SIGTERM', () => void sink.drain())
await sink.start()
const failure = await sink.closed
await pool.end()
process.exit(failure ? 1 : 0)
