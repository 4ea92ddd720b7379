import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Sabotage } from '../../support/processes/sabotage.ts'
import { startBrokenSink, startSink } from '../../support/processes/sink-process.ts'
import { eventually } from '../../support/stack.ts'
import { publisherJournal, violations } from '../../support/trail/journal.ts'
import { badge, testTrail } from '../../support/trail.ts'

type Trail = Awaited<ReturnType<typeof testTrail>>
type Journal = ReturnType<typeof publisherJournal>

/** What shows each way of being broken, and what the checker then says. */
const faults: Record<Sabotage, { says: RegExp; show: (trail: Trail, journal: Journal) => Promise<void> }> = {
  'poison skipped': {
    says: /^ledger-count: .* counts 1 quarantined, the tables have 0/,
    async show(trail, { position }) {
      await trail.send([{ eventName: 'badge.awarded', value: Buffer.from('garbage') }])
      const sink = startBrokenSink(trail, 'poison skipped')
      await eventually(async () => (await position()) === 1, { what: 'it was passed' })
      await sink.stop()
    }
  },
  'no deduplication': {
    says: /^id-twice: /,
    async show(trail, { position }) {
      const event = { ...badge(), id: randomUUID(), aggregateId: randomUUID() }
      await trail.publish([event])
      await trail.publish([event])
      const sink = startBrokenSink(trail, 'no deduplication')
      await eventually(async () => (await position()) === 2, { what: 'both were taken' })
      await sink.stop()
    }
  },
  'commit before write': {
    says: /^lost: /,
    async show(trail, { publish, caughtUp }) {
      await publish(500)
      await trail.slowRows()
      const sink = startBrokenSink(trail, 'commit before write')
      await eventually(trail.copying, { what: 'a COPY is under way' })
      await sink.stop('SIGKILL')
      await trail.fastRows()
      await finish(trail, caughtUp)
    }
  },
  'offsets outside of the transaction': {
    says: /^counted-twice: /,
    async show(trail, { publish, caughtUp }) {
      await publish(20)
      const holder = await trail.db.connect()
      try {
        // What moves an offset once rows are stored waits for the test.
        await holder.query('SELECT pg_advisory_lock(7)')
        await trail.db.query(`CREATE FUNCTION hold_offset() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF EXISTS (SELECT FROM event_envelopes) THEN PERFORM pg_advisory_xact_lock_shared(7); END IF; RETURN NEW; END $$`)
        await trail.db.query(
          'CREATE TRIGGER hold_offset BEFORE UPDATE ON sink_offsets FOR EACH ROW EXECUTE FUNCTION hold_offset()'
        )
        const sink = startBrokenSink(trail, 'offsets outside of the transaction')
        await eventually(async () => (await trail.rows(waiting)).length > 0, { what: 'the rows stand, the offset not' })
        await sink.stop('SIGKILL')
        await trail.db.query(`SELECT pg_terminate_backend(pid) FROM (${waiting}) AS w`)
        await trail.db.query('DROP TRIGGER hold_offset ON sink_offsets')
      } finally {
        await holder.query('SELECT pg_advisory_unlock(7)')
        holder.release()
      }
      await finish(trail, caughtUp)
    }
  },
  'no fencing': {
    says: /^counted-twice: /,
    async show(trail, { publish, caughtUp }) {
      await trail.slowRows()
      const first = startBrokenSink(trail, 'no fencing')
      await eventually(async () => (await trail.admin.groupMembers(trail.group)) === 1, {
        what: 'the first sink joined'
      })
      for (let part = 0; part < 3; part += 1) await publish(2_000)
      await eventually(trail.copying, { what: 'the first sink is in a COPY' })
      first.child.kill('SIGSTOP')
      const second = startSink(trail)
      await trail.fastRows()
      await caughtUp('the second sink has stored it all')
      first.child.kill('SIGCONT')
      await eventually(async () => (await trail.count('sink_duplicates')) > 0, { what: 'the first has written again' })
      await first.stop('SIGKILL')
      await second.stop()
    }
  }
}

const waiting = `SELECT pid FROM pg_locks JOIN pg_stat_activity a USING (pid)
  WHERE locktype = 'advisory' AND NOT granted AND a.datname = current_database()`

/** Lets a sink that is whole do the rest. */
async function finish(trail: Trail, caughtUp: Journal['caughtUp']): Promise<void> {
  const sink = startSink(trail)
  await caughtUp('the next sink has caught up')
  await sink.stop()
}

const cases = await Promise.all(
  Object.entries(faults).map(async ([how, fault]) => ({ how, fault, trail: await testTrail({ partitions: 1 }) }))
)

test.each(cases)('the checker turns red: $how', async ({ fault, trail }) => {
  await trail.offer('badge.awarded')
  const journal = publisherJournal(trail)
  await fault.show(trail, journal)
  expect(await violations(trail, journal.acknowledged)).toContainEqual(expect.stringMatching(fault.says))
})
