import { afterAll } from 'vitest'
import type { Envelope } from '../../../schemas/index.ts'
import { postgresEventStore } from '../../../trail/index.ts'
import { eventStoreConformance } from '../../conformance/event-store.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail()
const store = postgresEventStore(trail.connection)
afterAll(() => store.close())

const microseconds = 'round(extract(epoch FROM occurred_at) * 1000000)::bigint::text AS occurred_at'

eventStoreConformance('the trail', {
  store,
  async stored(ids) {
    const { rows } = await trail.db.query<Omit<Envelope, 'occurred_at'> & { readonly occurred_at: string }>(
      `SELECT id, aggregate_id, ${microseconds}, event_name, payload, schema_version FROM event_envelopes WHERE id = ANY ($1)`,
      [ids]
    )
    return rows.map(row => ({ ...row, occurred_at: BigInt(row.occurred_at) }))
  }
})
