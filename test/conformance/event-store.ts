import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import type { EventStore, StoredEvent } from '../../producers/bus/index.ts'
import { catalogue, type Events } from '../../schemas/catalogue/index.ts'
import { decodeEnvelope, type Envelope, encodeEnvelope } from '../../schemas/index.ts'

/** A store of an in-process bus, and a look at what it has. */
export interface EventStoreUnderTest {
  readonly store: EventStore
  /** What is stored under these ids, in any order. */
  stored(ids: readonly string[]): Promise<readonly Envelope[]>
}

const badge = (reason: string) => ({ badge_id: randomUUID(), awarded_to: randomUUID(), reason })

/** An event as the bus hands it to a store. */
function event(eventName: keyof Events, payload: object, id: string = v7(), versionNumber?: number): StoredEvent {
  const version = catalogue.version(eventName, versionNumber)
  const occurredAt = BigInt(Date.now()) * 1000n + 7n
  const input = { id, aggregate_id: randomUUID(), occurred_at: occurredAt, payload }
  const value = encodeEnvelope(version, 0, input, version.version)
  return { envelope: decodeEnvelope(version.type, value), value, version, headers: {} }
}

const byId = (envelopes: readonly Envelope[]) => envelopes.toSorted((a, b) => (a.id < b.id ? -1 : 1))
const envelopesOf = (events: readonly StoredEvent[]) => byId(events.map(({ envelope }) => envelope))

/** What every store of an in-process bus promises. */
export function eventStoreConformance(name: string, { store, stored }: EventStoreUnderTest): void {
  const lookUp = async (events: readonly StoredEvent[]) => byId(await stored(events.map(({ envelope }) => envelope.id)))

  describe(`${name} as a store of events`, () => {
    it('stores every event of a call as it was given, of several names and versions', async () => {
      const lesson = { lesson_id: randomUUID(), instructor_id: randomUUID(), course_id: randomUUID() }
      const events = [
        event('badge.awarded', badge('Größe, "quotes" and \\ 𝄞')),
        event('lesson.published', lesson, undefined, 1),
        event('lesson.published', { ...lesson, title: 'Fractions' }, undefined, 2)
      ]
      await store.append(events)
      expect(await lookUp(events)).toEqual(envelopesOf(events))
    })

    it('stores an event that it has already once, and what is new of the same call', async () => {
      const [first, second] = [event('badge.awarded', badge('first')), event('badge.awarded', badge('second'))]
      await store.append([first])
      await store.append([first])
      await store.append([first, second])
      expect(await lookUp([first, second])).toEqual(envelopesOf([first, second]))
    })

    it('refuses other content under an id that is stored, and stores nothing of that call', async () => {
      const kept = event('badge.awarded', badge('kept'))
      await store.append([kept])
      const [other, neighbour] = [
        event('badge.awarded', badge('other content'), kept.envelope.id),
        event('badge.awarded', badge('neighbour'))
      ]
      await expect(store.append([neighbour, other])).rejects.toMatchObject({ code: 'STORE_FAILED', retryable: false })
      expect(await lookUp([kept])).toEqual(envelopesOf([kept]))
      expect(await lookUp([neighbour])).toEqual([])
    })

    it('treats an id twice in one call in the same way: stored once, or refused with other content', async () => {
      const [first, second] = [event('badge.awarded', badge('first')), event('badge.awarded', badge('second'))]
      await store.append([first, first])
      expect(await lookUp([first])).toEqual(envelopesOf([first]))
      const other = event('badge.awarded', badge('other content'), second.envelope.id)
      await expect(store.append([second, other])).rejects.toMatchObject({ code: 'STORE_FAILED', retryable: false })
      expect(await lookUp([second])).toEqual([])
    })

    it('has nothing to do for an empty call', async () => {
      await expect(store.append([])).resolves.toBeUndefined()
    })
  })
}
