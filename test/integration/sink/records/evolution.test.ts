import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { eventually } from '../../../support/stack.ts'
import { lesson, testTrail } from '../../../support/trail.ts'

const trail = await testTrail()
const [first, second] = catalogue.versions('lesson.published')
if (!first || !second) throw new Error('the example has two versions of lesson.published')
const subject = `${trail.topicPrefix}lesson.published-value`

/** Publishes lessons of a version without end, one every few ms, until it is stopped. */
function flow(version: number) {
  const stop = new AbortController()
  const ids: string[] = []
  const done = (async () => {
    while (!stop.signal.aborted) {
      const sent = await trail.publish(Array.from({ length: 5 }, () => lesson('Fractions', version)))
      ids.push(...sent.map(({ id }) => id))
    }
  })()
  return {
    ids,
    async stop() {
      stop.abort()
      await done
    }
  }
}

test('a second version is stored next to the first, by the same sink, without a pause in either', async () => {
  await trail.register(first)
  await trail.makeTopic('lesson.published')
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  const old = flow(1)
  const storedOf = async (version: number) =>
    (await trail.rows('SELECT id FROM event_envelopes WHERE schema_version = $1', [version])).map(({ id }) =>
      String(id)
    )
  await eventually(async () => (await storedOf(1)).length > 0, { what: 'events of version 1 are stored' })

  // The registry, which compares all versions with each other, takes the added field with its default.
  expect(await trail.register(second)).toMatchObject({ version: 2 })
  const before = old.ids.length
  const young = flow(2)
  await eventually(async () => (await storedOf(2)).length > 20, { what: 'events of version 2 are stored' })
  await eventually(() => old.ids.length > before + 20, { what: 'events of version 1 flow on' })
  await Promise.all([old.stop(), young.stop()])
  await sink.whenCaughtUp()

  expect(sink.state).toBe('running')
  expect(new Set(await storedOf(1))).toEqual(new Set(old.ids))
  expect(new Set(await storedOf(2))).toEqual(new Set(young.ids))
  expect(
    await trail.rows("SELECT DISTINCT schema_version, payload ? 'title' AS titled FROM event_envelopes ORDER BY 1")
  ).toEqual([
    { schema_version: 1, titled: false },
    { schema_version: 2, titled: true }
  ])
  expect(await trail.rows('SELECT version FROM sink_schemas WHERE subject = $1 ORDER BY version', [subject])).toEqual([
    { version: 1 },
    { version: 2 }
  ])
  expect(await trail.count('sink_quarantine')).toBe(0)
  expect(await trail.count('sink_ledger_holes')).toBe(0)
})

test('what is stored is the version that the registry numbers, also where an old id is published again', async () => {
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  const [one, two] = [randomUUID(), randomUUID()]
  await trail.publish([
    { ...lesson('Later', 1), id: one },
    { ...lesson('Later', 2), id: two }
  ])
  await sink.whenCaughtUp()
  expect(
    await trail.rows('SELECT id, schema_version FROM event_envelopes WHERE id = ANY($1) ORDER BY schema_version', [
      [one, two]
    ])
  ).toEqual([
    { id: one, schema_version: 1 },
    { id: two, schema_version: 2 }
  ])
})
