import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import { runCli } from '../../support/processes/cli.ts'
import { startSink } from '../../support/processes/sink-process.ts'
import { eventually } from '../../support/stack.ts'
import { badge, testTrail } from '../../support/trail.ts'

const trail = await testTrail()
await trail.offer('badge.awarded')
const canary = `canary-${randomUUID()}`

// Case 35: what is refused before Postgres, by Postgres, and what Postgres refuses for another reason.
test('personal data of a batch that fails is in no line of a log, at any level', async () => {
  const aggregateId = randomUUID()
  const id = v7()
  await trail.publish([
    { ...badge(`${canary}\u0000`), aggregateId, unchecked: true },
    { ...badge(canary), aggregateId, unchecked: true, occurredAt: 2n ** 62n },
    { ...badge(canary), aggregateId, id }
  ])
  await trail.send([{ eventName: 'badge.awarded', key: canary, value: Buffer.from(`no event ${canary}`) }])
  // Postgres's own message repeats the row.
  await trail.rows('CREATE SEQUENCE faults')
  await trail.rows(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('faults') < 4 THEN RAISE EXCEPTION 'refused: %', NEW USING ERRCODE = '53100', DETAIL = NEW::text; END IF;
    RETURN NEW; END $$`)
  await trail.rows('CREATE TRIGGER refuse BEFORE INSERT ON event_envelopes FOR EACH ROW EXECUTE FUNCTION refuse()')
  const sink = startSink({ env: { ...trail.env, LOG_LEVEL: 'debug' } })
  await eventually(async () => (await trail.count('event_envelopes')) === 1, { what: 'the good one is stored' })
  await eventually(async () => (await trail.count('sink_quarantine')) === 3, { what: 'the others are kept' })
  await trail.publish([{ ...badge(`other ${canary}`), aggregateId, id }])
  await eventually(async () => (await trail.count('sink_quarantine')) === 4, { what: 'the conflict is kept' })
  expect(await sink.stop()).toBe(0)
  const list = await runCli(['quarantine', 'list'], trail.env)
  const doctor = await runCli(['doctor'], trail.env)
  const said = [sink.log(), list.stdout, list.stderr, doctor.stdout, doctor.stderr].join('\n')
  expect(sink.log()).toContain('53100')
  // A conflict is looked up by the id of its event, which only the list shows.
  expect(list.stdout).toContain(id)
  expect([sink.log(), doctor.stdout, doctor.stderr].join('\n')).not.toContain(id)
  for (const secret of [canary, aggregateId]) expect(said).not.toContain(secret)
})
