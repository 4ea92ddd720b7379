import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { v7 } from 'uuid'
import { afterAll, expect } from 'vitest'
import { processMemory } from '../../../dev/bench/measure/proc.ts'
import { type RawRecordParts, rawBatch } from '../../support/kafka/raw-batch.ts'
import { rawProducer } from '../../support/kafka/raw-producer.ts'
import { startSink } from '../../support/processes/sink-process.ts'
import { rawEnvelope } from '../../support/schemas/foreign.ts'
import { eventually } from '../../support/stack.ts'
import { badge, quiz, testTrail } from '../../support/trail.ts'
import { contentOf } from './check/content.ts'
import type { Published } from './check/facts.ts'
import { Range } from './check/range.ts'
import { handlingGroup, startHandlingOfFile } from './processes/handling.ts'
import { record } from './settings.ts'

/** What a sink and a group may hold at most, whatever is sent to them. */
export const mostMemory = 400 * 1024 * 1024
/** ms; it only ends what hangs. How long it took is recorded. */
const bound = 180_000

export interface StageOptions {
  /** Name of the test file. */
  readonly file: string
  /** Of each topic. */
  readonly partitions?: number
  /** Settings of the topic that is attacked. */
  readonly config?: Readonly<Record<string, string>>
}

/** An event with which nothing is wrong, as a record that can be put among others; say where it went with `landed`. */
export interface Good {
  readonly parts: RawRecordParts
  landed(partition: number, offset: number): void
}

/**
 * A sink and a group in processes of their own, a topic that is attacked (`badge.awarded`) and one with which nothing
 * is wrong (`quiz.submitted`). Called once, at the top of a test file.
 */
export async function hostileStage({ file, partitions = 2, config = {} }: StageOptions) {
  const trail = await testTrail({ partitions })
  const topic = `${trail.topicPrefix}badge.awarded`
  await trail.admin.createTopics([{ topic, partitions, replicationFactor: 1, config }])
  await trail.offer('badge.awarded')
  await trail.offer('quiz.submitted')
  const producer = await rawProducer(trail.brokers)
  const range = new Range(trail)
  afterAll(() => range.close())
  // As it is by default: the tests' own is shorter than what a busy machine takes to look at the largest batch.
  const start = () => startSink(trail, '--session-timeout', '10000')
  let sink = start()
  const group = await startHandlingOfFile(trail)
  const ended = (): boolean => sink.child.exitCode !== null || sink.child.signalCode !== null
  const published: Published[] = []
  const sent = (facts: Pick<Published, 'id' | 'aggregateId' | 'topic' | 'place'>, payload: unknown): void => {
    published.push({ ...facts, outcome: 'stored', content: contentOf(payload), order: published.length })
  }

  const good = async (parts: Partial<RawRecordParts> = {}): Promise<Good> => {
    const id = v7()
    const aggregateId = randomUUID()
    const { payload } = badge()
    const { value } = await trail.encode({ eventName: 'badge.awarded', id, aggregateId, payload })
    return {
      parts: { key: aggregateId, value, ...parts },
      landed: (partition, offset) => sent({ id, aggregateId, topic, place: { partition, offset } }, payload)
    }
  }

  return {
    ...{ trail, topic, producer, range, group, published, good },

    get sink() {
      return sink
    },

    /** Ends the sink as an operator does, and starts another one. */
    async restart(): Promise<void> {
      expect(await sink.stop()).toBe(0)
      sink = start()
    },

    /** An event of any schema, as a record; `payload` is what the trail is to have of it. */
    foreign(schemaId: number, eventName: string, bytes: Buffer, payload: unknown): Good {
      const id = v7()
      const aggregateId = randomUUID()
      const value = rawEnvelope({ schemaId, id, aggregateId, eventName, payload: bytes })
      const where = { id, aggregateId, topic: trail.topicPrefix + eventName }
      return {
        parts: { key: aggregateId, value },
        landed: (partition, offset) => sent({ ...where, place: { partition, offset } }, payload)
      }
    },

    /** Sends a batch; undefined where the broker refuses it. `events` are the good ones, by their place. */
    async send(
      batch: Buffer,
      events: readonly (Good | undefined)[] = [],
      partition = 0,
      to = topic
    ): Promise<number | undefined> {
      const { errorCode, baseOffset } = await producer.send(to, partition, batch)
      if (errorCode !== 0) return undefined
      for (const [place, event] of events.entries()) event?.landed(partition, baseOffset + place)
      return baseOffset
    },

    /** An event to every partition of the other topic: ms until all of them are in the trail. */
    async othersAreStored(what: string): Promise<number> {
      const events = await Promise.all(
        Array.from({ length: partitions }, async (_, partition) => {
          const { payload } = quiz()
          const aggregateId = randomUUID()
          const encoded = await trail.encode({ eventName: 'quiz.submitted', aggregateId, payload })
          return { ...encoded, partition, aggregateId, payload }
        })
      )
      const topicOfOthers = `${trail.topicPrefix}quiz.submitted`
      const at = new Date().toISOString()
      const since = performance.now()
      for (const { key, value, partition, id, aggregateId, payload } of events) {
        const parts = { key: key as string, value }
        const { errorCode, baseOffset: offset } = await producer.send(
          topicOfOthers,
          partition,
          rawBatch({ records: [parts] })
        )
        expect(errorCode, what).toBe(0)
        sent({ id, aggregateId, topic: topicOfOthers, place: { partition, offset } }, payload)
      }
      const ids = events.map(({ id }) => id)
      const sql = 'SELECT count(*)::int AS n FROM event_envelopes WHERE id = ANY($1)'
      const isStored = async () => (await trail.rows(sql, [ids]))[0]?.n === ids.length
      await eventually(async () => ended() || (await isStored()), {
        what: `an event of another topic is stored (${what})`,
        timeoutMs: bound
      })
      expect(ended(), `the sink lives (${what})`).toBe(false)
      const standstillMs = Math.round(performance.now() - since)
      record({ type: 'fault', file, what, at, standstillMs, redelivered: 0 })
      return standstillMs
    },

    /** Waits until the trail and the group have reached the ends of all logs. */
    async settled(what: string): Promise<void> {
      expect(ended(), `the sink lives (${what})`).toBe(false)
      await range.caughtUp(bound)
      await eventually(
        async () => {
          const offsets = await trail.admin.groupOffsets(trail.topicPrefix + handlingGroup)
          const ranges = await trail.admin.ranges(topic)
          return ranges.every(({ partition, end }) => end === 0 || offsets.get(topic)?.get(partition) === end)
        },
        { what: `the group has reached the end of every partition (${what})`, timeoutMs: bound }
      )
    },

    /** Neither process held more than {@link mostMemory} at any time since this was asked last. */
    expectLittleMemory(): void {
      const peak = (pid: number): number => {
        const { peak: bytes = 0 } = processMemory(pid) ?? {}
        // Sets the peak back to what is held now: proc(5).
        writeFileSync(`/proc/${pid}/clear_refs`, '5')
        return bytes
      }
      const held = [peak(sink.child.pid as number), peak(group.pid)] as const
      expect(held[0], 'bytes that the sink held').toBeLessThan(mostMemory)
      expect(held[1], 'bytes that the group held').toBeLessThan(mostMemory)
    },

    /** Lets the checker look at all of it. */
    async expectClean(): Promise<void> {
      const others = { topic: `${trail.topicPrefix}quiz.submitted` }
      const effects = Array.from({ length: partitions }, (_, partition) => group.effects({ ...others, partition }))
      await range.expectCleanOf(published, effects.length > 0 ? [merged(effects)] : [])
    }
  }
}

function merged(effects: readonly ReturnType<Awaited<ReturnType<typeof startHandlingOfFile>>['effects']>[]) {
  const [{ group, topics } = { group: '', topics: [] }] = effects
  return { group, topics, handled: effects.flatMap(({ handled }) => handled) }
}
