import { basename } from 'node:path'
import { expect } from 'vitest'
import { proofFaults } from '../../../support/proof/sinks/read-stretches.ts'
import { eventually } from '../../../support/stack.ts'
import type { TestTrail } from '../../../support/trail.ts'
import type { Handling } from '../processes/handling.ts'
import type { Load } from '../processes/load.ts'
import { Progress } from '../progress.ts'
import { record } from '../settings.ts'
import { type CheckOptions, check } from './checker.ts'
import { collectEvidence, eventTopics } from './evidence.ts'
import type { GroupEffects, Published } from './facts.ts'
import { journalPartitions, readJournal } from './journal.ts'

const fileName = (): string => basename(expect.getState().testPath ?? 'unknown')

/** Where faults are made: they are counted and measured, and what came of them is checked. */
export class Range implements AsyncDisposable {
  readonly trail: TestTrail
  readonly progress: Progress

  constructor(trail: TestTrail) {
    this.trail = trail
    this.progress = new Progress(trail)
  }

  /**
   * Makes a fault, waits until the trail grows again, and writes down how long it did not.
   * @param work may answer with how many records are delivered again by it.
   */
  async fault(what: string, work: () => Promise<unknown>, goesOnBy = 1): Promise<void> {
    const at = new Date().toISOString()
    const since = performance.now()
    const answer = await work()
    const redelivered = isRedelivery(answer) ? answer.redelivered : 0
    await this.progress.moves(goesOnBy, 120_000)
    const standstillMs = this.progress.standstill(since)
    record({ type: 'fault', file: fileName(), what, at, standstillMs, redelivered })
  }

  /** Records that Kafka holds for unread although the trail has them: the next sink would be given them again. */
  async ahead(): Promise<Redelivery> {
    const [stored, hints] = await Promise.all([
      this.trail.rows('SELECT topic, partition, next_offset AS next FROM sink_offsets WHERE consumer_group = $1', [
        this.trail.group
      ]),
      this.trail.admin.groupOffsets(this.trail.group)
    ])
    const redelivered = stored.reduce((sum, { topic, partition, next }) => {
      const hint = hints.get(String(topic))?.get(Number(partition)) ?? 0
      return sum + Math.max(0, Number(next) - hint)
    }, 0)
    return { redelivered }
  }

  /** Waits until the trail has reached the end of every log. */
  async caughtUp(timeoutMs = 120_000): Promise<void> {
    const { admin, topicPrefix } = this.trail
    const topics = await eventTopics(admin, topicPrefix)
    await eventually(
      async () => {
        const ranges = (await Promise.all(topics.map(topic => admin.ranges(topic)))).flat()
        return ranges.reduce((sum, { end }) => sum + end, 0) === this.progress.position
      },
      { what: 'the trail has reached the end of every log', timeoutMs }
    )
  }

  /** Ends the load, waits for the trail, and lets the checker look at all of it. */
  async expectClean(load: Load, effects: readonly GroupEffects[] = [], options: CheckOptions = {}): Promise<void> {
    await load.stop()
    await this.caughtUp()
    const published = load.published()
    expect(published.length).toBe(load.counts.called)
    await this.expectCleanOf(published, effects, options)
  }

  async expectCleanOf(
    published: readonly Published[],
    effects: readonly GroupEffects[] = [],
    options: CheckOptions = {}
  ): Promise<void> {
    const found = check(await collectEvidence(this.trail, { published, effects }), options)
    const proved = 'PROOF_KEY_FILE' in this.trail.env
    report(published, [
      ...found.map(({ kind, what }) => `${kind}: ${what}`),
      ...(proved ? await proofFaults(this.trail) : [])
    ])
  }

  /** The same partition by partition, for what does not fit into memory as a whole. */
  async expectCleanInParts(load: Load, handling: Handling): Promise<void> {
    await load.stop()
    await this.caughtUp(300_000)
    await handling.finish()
    let events = 0
    for (const only of journalPartitions(load.journal)) {
      const published = readJournal(load.journal, only)
      events += published.length
      const effects = [handling.effects(only)]
      const found = check(await collectEvidence(this.trail, { published, effects, only }))
      report(
        published,
        found.map(({ kind, what }) => `${kind}: ${what}`)
      )
    }
    expect(events).toBe(load.counts.called)
    const ids = await this.trail.rows('SELECT count(*) AS n, count(DISTINCT id) AS different FROM event_envelopes')
    expect(ids[0]?.n).toBe(ids[0]?.different)
  }

  close(): Promise<void> {
    return this.progress.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

export interface Redelivery {
  readonly redelivered: number
}

const isRedelivery = (answer: unknown): answer is Redelivery =>
  typeof answer === 'object' && answer !== null && 'redelivered' in answer

function report(published: readonly Published[], violations: readonly string[]): void {
  const count = (outcome: Published['outcome']) => published.filter(event => event.outcome === outcome).length
  record({
    type: 'check',
    file: fileName(),
    events: published.length,
    unknown: count('unknown'),
    failed: count('failed'),
    violations: violations.slice(0, 100)
  })
  expect(violations).toEqual([])
}
