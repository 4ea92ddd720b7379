// Does the effect of an event once, as a process of its own, for tests that kill and suspend it in the middle: it says
// `done` when the effect is done and not committed, and commits when it gets a line.
import { once } from 'node:events'
import pg from 'pg'
import { onceOf, postgresInbox } from '../../../../consumers/inbox/index.ts'
import { silentLogger } from '../../../../core/logger.ts'

const { DATABASE_URL = '', EVENT_ID = '' } = process.env
const pool = new pg.Pool({ connectionString: DATABASE_URL })
const inbox = postgresInbox({ log: silentLogger })
try {
  const ran = await onceOf(
    inbox,
    'stock',
    EVENT_ID
  )(pool, async session => {
    await session.query('INSERT INTO effects (event_id) VALUES ($1)', [EVENT_ID])
    process.stdout.write('done\n')
    await once(process.stdin, 'data')
  })
  process.stdout.write(ran ? 'ran\n' : 'left out\n')
} catch (error) {
  process.stdout.write(`failed ${(error as { code?: string }).code}\n`)
}
process.stdin.destroy()
await pool.end()
