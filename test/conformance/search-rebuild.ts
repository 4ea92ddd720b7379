import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { expect, it } from 'vitest'
import {
  type Documents,
  type RebuildableIndex,
  type RebuildSource,
  rebuildIndex
} from '../../consumers/indexer/index.ts'
import type { Events } from '../../schemas/catalogue/index.ts'
import type { Envelope } from '../../schemas/index.ts'

const documents: Documents<Events> = {
  'lesson.published': ({ payload }) => ({ id: payload.lesson_id, text: payload.title ?? '' })
}

function published(title: string): Envelope {
  const id = randomUUID()
  return {
    id: v7(),
    event_name: 'lesson.published',
    aggregate_id: id,
    occurred_at: BigInt(Date.now()) * 1_000n,
    schema_version: 2,
    payload: { lesson_id: id, title }
  } as Envelope
}

const changeOf = ({ id, event_name, occurred_at, aggregate_id, payload }: Envelope) => ({
  id: aggregate_id,
  text: (payload as { title: string }).title,
  event_name,
  event_id: id,
  occurred_at
})

/** What every index promises that can be built again. Leaves the documents of this test alone in it. */
export function searchRebuildConformance(name: string, make: () => Promise<RebuildableIndex>): void {
  it(`${name}: a rebuild that is killed between the switch and its end is finished by the next one, and no search fails`, async () => {
    const index = await make()
    const [first, second, third] = ['Pendulum one', 'Pendulum two', 'Pendulum three'].map(published) as [
      Envelope,
      Envelope,
      Envelope
    ]
    await index.putMany([first, second].map(changeOf))
    await index.refresh()
    const log = [first, second]
    let reads = 0
    const source: RebuildSource = {
      async *read(from) {
        reads += 1
        // As a process that is gone: nothing is saved any more.
        if (reads === 2) throw new Error('killed')
        const at = Number(from ?? 0)
        yield { envelopes: log.slice(at), unreadable: 0, position: log.length, done: 1 }
        if (reads > 1) return
        // What the running indexer writes to the old index just before the switch.
        await index.putMany([changeOf(third)])
        log.push(third)
      }
    }
    const failures: unknown[] = []
    let searching = true
    const searches = (async () => {
      for (let count = 0; ; count += 1) {
        if (!searching) return count
        const hits = await index.search('pendulum').then(
          found => found.hits.length,
          (error: unknown) => error
        )
        if (typeof hits !== 'number' || hits < 2) failures.push(hits)
      }
    })()
    const rebuild = () => rebuildIndex({ index, documents, source, key: 'pendulum' })
    await expect(rebuild()).rejects.toThrow('killed')
    expect(await index.count()).toBe(2)
    // It continues where the first one had saved.
    expect(await rebuild()).toMatchObject({ phase: 'finished', events: 1, written: 1 })
    searching = false
    expect(await searches).toBeGreaterThan(1)
    expect(failures).toEqual([])
    await index.refresh()
    const { hits } = await index.search('pendulum')
    expect(hits.map(({ text }) => text).toSorted()).toEqual(['Pendulum one', 'Pendulum three', 'Pendulum two'])
  }, 120_000)
}
