import { describe, expect, it } from 'vitest'
import { Placement } from '../../../../../consumers/intake/position/placement.ts'
import { OffsetCommits } from '../../../../../consumers/progress/offset-commits.ts'
import type { StartFrom } from '../../../../../consumers/types.ts'
import { silentLogger } from '../../../../../core/logger.ts'
import type { AdminLine, CommittedOffset } from '../../../../../kafka/index.ts'
import { partitionsOf } from '../world.ts'

/** A group on a topic of two partitions, whose logs are from 10 to 20. */
function placing(startFrom: StartFrom, committed: Readonly<Record<number, CommittedOffset>> = {}, faults = 0) {
  const world = partitionsOf({ a: [0, 1] })
  const positions = new Map(Object.entries(committed).map(([partition, commit]) => [Number(partition), commit]))
  let [failures, placed] = [faults, 0]
  const log = { end: 20 }
  // What an answer about the ends waits for.
  const slow: Promise<void>[] = []
  const line = {
    ask: async (question: (admin: object) => unknown) => {
      failures -= 1
      if (failures >= 0) throw new Error('Kafka is away')
      return question({
        groupCommits: async () => new Map(positions.size > 0 ? [['a', new Map(positions)]] : []),
        logEnds: async () => {
          await slow.shift()
          return [0, 1].map(partition => ({ topic: 'a', partition, start: 10, end: log.end }))
        }
      })
    }
  } as unknown as AdminLine
  const consumer = {
    topics: ['a'],
    commit: async (set: readonly (CommittedOffset & { readonly partition: number })[]) => {
      for (const { partition, ...commit } of set) positions.set(partition, { offset: commit.offset })
    }
  }
  const placement = new Placement({
    ...world,
    line,
    consumer,
    commits: new OffsetCommits(consumer, world.assignment, silentLogger),
    known: { appeared: new Set() },
    groupId: 'g',
    startFrom,
    offsetsAt: async () => new Map(),
    onPlaced: () => {
      placed += 1
    },
    stopping: world.stopping.signal,
    log: silentLogger
  })
  return { ...world, placement, positions, logEnd: log, slow, placed: () => placed }
}

describe('where a group is in partitions that are new to a member', () => {
  it('is set by the leader of a group that is new, and held back until then', async () => {
    const { placement, positions, seeks, paused, of, placed } = placing('latest')
    placement.assigned(true)
    expect([...paused]).toEqual(['a/0', 'a/1'])
    await placement.settled
    expect([...positions]).toEqual([
      [0, { offset: 20 }],
      [1, { offset: 20 }]
    ])
    expect([seeks, paused.size, of('a', 0).mark, placed()]).toEqual([['a/0@20', 'a/1@20'], 0, '', 1])
  })

  it('stays what it is where the group has committed anything', async () => {
    const { placement, positions, seeks, of } = placing('latest', { 0: { offset: 12, metadata: 'rewind:7' } })
    placement.assigned(true)
    await placement.settled
    expect([positions.size, seeks]).toEqual([1, ['a/0@12']])
    expect([of('a', 0).mark, of('a', 1).mark]).toEqual(['rewind:7', ''])
  })

  it('carries on no note of another program', async () => {
    const { placement, of } = placing('earliest', { 0: { offset: 12, metadata: 'of another program' } })
    placement.assigned(false)
    await placement.settled
    expect(of('a', 0).mark).toBe('')
  })

  it('is waited for by a member that does not lead, without setting it', async () => {
    const { placement, positions, seeks } = placing('latest')
    placement.assigned(false)
    positions.set(0, { offset: 15 })
    positions.set(1, { offset: 16 })
    await placement.settled
    expect(seeks).toEqual(['a/0@15', 'a/1@16'])
  })

  it('is asked for again while Kafka does not answer, and holds nothing back where a group begins at the start', async () => {
    const { placement, paused, placed } = placing('earliest', {}, 1)
    placement.assigned(false)
    expect(paused.size).toBe(0)
    await placement.settled
    expect(placed()).toBe(1)
  })

  it('is set once where the group joins again meanwhile: what is published then is not left out', async () => {
    const { placement, assignment, positions, slow, logEnd } = placing('latest')
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    slow.push(first.promise, second.promise)
    placement.assigned(true)
    const before = placement.settled
    await new Promise(setImmediate)
    assignment.replace(new Map([['a', [0, 1]]]))
    placement.assigned(true)
    await new Promise(setImmediate)
    // Either may set the positions.
    first.resolve()
    await before
    const seen = positions.get(0)?.offset
    if (seen !== undefined) logEnd.end += 1
    second.resolve()
    await placement.settled
    expect([...positions.values()]).toEqual([{ offset: 20 }, { offset: 20 }])
  })

  it('is not set again by the leader of a later generation, which asked before an earlier one had set it', async () => {
    const { placement, positions, slow, logEnd } = placing('latest')
    const asked = Promise.withResolvers<void>()
    slow.push(asked.promise)
    placement.assigned(true)
    await new Promise(setImmediate)
    for (const partition of [0, 1]) positions.set(partition, { offset: 20 })
    logEnd.end += 1
    asked.resolve()
    await placement.settled
    expect([...positions.values()]).toEqual([{ offset: 20 }, { offset: 20 }])
  })

  it('is not known where another join came meanwhile: that one asks', async () => {
    const { placement, assignment, placed, of } = placing('earliest')
    placement.assigned(false)
    assignment.replace(new Map([['a', [0, 1]]]))
    await placement.settled
    expect([placed(), of('a', 0).mark]).toEqual([0, undefined])
    placement.assigned(false)
    await placement.settled
    expect([placed(), of('a', 0).mark]).toEqual([1, ''])
  })
})
