// A member of a group whose handlers write each event down once, and of which some fail: member.ts <group> <policy>
// <single|batch> <seed> [repaired]. The servers come from the environment. Ends after a drain on SIGTERM.
import pg from 'pg'
import { loadConfig } from '../../../../cli/config.ts'
import { connectionOf } from '../../../../cli/connection.ts'
import {
  type BatchContext,
  createConsumerGroup,
  type MessageContext,
  RejectMessage,
  RetryLater
} from '../../../../consumers/index.ts'
import { catalogue, type Events } from '../../../../schemas/catalogue/index.ts'
import type { EnvelopeOf } from '../../../../schemas/index.ts'
import { type Failure, failureOf } from './failures.ts'

type Quiz = EnvelopeOf<Events, 'quiz.submitted'>

const [name = '', policy = '', kind = '', seed = '', repaired = ''] = process.argv.slice(2)
const config = loadConfig()
const pool = new pg.Pool({ connectionString: config.require('databaseUrl'), max: 16 })
// Idle sessions end when a test ends: the statement that is under way says so too.
pool.on('error', () => undefined)

const failureFor = ({ aggregate_id, payload }: Quiz): Failure | undefined =>
  repaired === 'repaired' ? undefined : failureOf(seed, aggregate_id, payload.score_raw)

/** What is thrown before the effect, if anything. */
function earlyError(failure: Failure | undefined, attempt: number): Error | undefined {
  if (failure === 'rejects it') return new RejectMessage('as planned')
  if (failure === 'always' || (failure === 'its first attempt' && attempt === 1)) return new TypeError('as planned')
  if (failure === 'while a server is away' && attempt < 3) return new RetryLater('as planned')
  return undefined
}

const insert = (session: { query(text: string, values: unknown[]): Promise<unknown> }, events: readonly Quiz[]) =>
  session.query(
    `INSERT INTO effects (aggregate, turn)
     SELECT aggregate, turn FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS e(aggregate, turn, place) ORDER BY place`,
    [events.map(({ aggregate_id }) => aggregate_id), events.map(({ payload }) => payload.score_raw)]
  )

async function handle(event: Quiz, { attempt, once }: MessageContext): Promise<void> {
  const failure = failureFor(event)
  const early = earlyError(failure, attempt)
  if (early) throw early
  await once(pool, async session => {
    await insert(session, [event])
    if (failure === 'within its effect') throw new TypeError('as planned')
  })
  if (failure === 'after its effect') throw new TypeError('as planned')
}

async function onBatch(events: readonly Quiz[], { of, fail, once }: BatchContext<Quiz>): Promise<void> {
  for (const event of events) {
    const early = earlyError(failureFor(event), of(event).attempt)
    if (early) fail(event, early)
  }
  await once(pool, async (fresh, session) => {
    await insert(session, fresh)
    if (fresh.some(event => failureFor(event) === 'within its effect')) throw new TypeError('as planned')
  })
  for (const event of events) if (failureFor(event) === 'after its effect') fail(event, new TypeError('as planned'))
}

const group = createConsumerGroup<Events>({
  group: name,
  connection: connectionOf(config),
  topicPrefix: config.get('topicPrefix'),
  catalogue,
  sessionTimeoutMs: 3_000,
  topicRefreshMs: 1_000,
  retry: { attempts: 2, initialMs: 5, maxMs: 20 },
  deadLetters: { policy: policy === 'park' ? 'park' : 'skip' },
  handlers: { 'quiz.submitted': kind === 'batch' ? { onBatch } : handle }
})
const orphaned = () => process.exit(1)
process.once('disconnect', orphaned)
process.once('SIGTERM', () => void group.drain())
await group.start()
const failure = await group.closed
await pool.end()
process.off('disconnect', orphaned)
process.disconnect?.()
process.exitCode = failure ? 1 : 0
