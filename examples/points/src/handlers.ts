import { type Handlers, RejectMessage } from 'eventtrail/consumer'
import type { Pool } from 'pg'
import type { Events } from './events.ts'

/** What the group does about events: functions of the database alone, so that tests run them without Kafka. */
export const handlersOf = (pool: Pool): Handlers<Events> => ({
  // An addition is not safe to repeat: `once` makes it so, in one transaction with the id of the event.
  'points.changed': async ({ payload }, { once }) => {
    const { customer_id, change } = payload
    // No attempt can succeed: a dead letter at once. The reason is kept in its headers, so it names no one.
    if (change === 0) throw new RejectMessage('a change of no points')
    await once(pool, async session => {
      const { rowCount } = await session.query('UPDATE customers SET points = points + $1 WHERE id = $2', [
        change,
        customer_id
      ])
      // Perhaps the customer is imported in a moment: this is tried five times, and parked then.
      if (rowCount === 0) throw new Error('there is no such customer yet')
    })
  },
  // Hundreds of events in one statement. `fresh` leaves out those that were counted by an earlier delivery.
  'page.viewed': {
    maxEvents: 500,
    maxWaitMs: 100,
    async onBatch(_, { once }) {
      await once(pool, async (fresh, session) => {
        await session.query(
          `INSERT INTO page_views SELECT page, count(*) FROM unnest($1::text[]) AS page GROUP BY page ORDER BY page
           ON CONFLICT (page) DO UPDATE SET views = page_views.views + excluded.views`,
          [fresh.map(({ payload }) => payload.page)]
        )
      })
    }
  }
})
