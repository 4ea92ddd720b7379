import { describe, expect, it } from 'vitest'
import { Moves } from '../../../../../consumers/intake/position/moves.ts'
import { OffsetCommits } from '../../../../../consumers/progress/offset-commits.ts'
import { silentLogger } from '../../../../../core/logger.ts'
import type { AdminLine } from '../../../../../kafka/index.ts'
import { partitionsOf } from '../world.ts'

const place = { topic: 'a', partition: 0 }

/** A log from 10 to 20. @param refuse throws where a commit is not to be taken */
function moving(refuse: () => void = () => undefined) {
  const world = partitionsOf({ a: [0, 1] })
  for (const source of world.assignment.all) source.mark = ''
  const commits: object[] = []
  const consumer = {
    commit: async (positions: readonly object[]) => {
      refuse()
      commits.push(...positions)
    }
  }
  const line = { ask: async () => [{ partition: 0, start: 10, end: 20 }] } as unknown as AdminLine
  const moves = new Moves({
    ...world,
    line,
    placement: { settled: Promise.resolve() },
    commits: new OffsetCommits(consumer, world.assignment, silentLogger),
    stopping: world.stopping.signal,
    log: silentLogger
  })
  return { ...world, moves, commits }
}

describe('a move of a position', () => {
  it('is committed with the order before it is read from, and what ran before counts no more', async () => {
    const { moves, commits, seeks, of } = moving()
    const before = of('a', 0)
    before.tracker.take(15)
    before.running.add(15)
    expect(await moves.move(place, 12, '7-ab')).toBe(true)
    expect(commits).toEqual([{ ...place, offset: 12, metadata: 'rewind:7-ab' }])
    expect([before.isLost, before.ended.aborted, seeks.at(-1)]).toEqual([true, true, 'a/0@12'])
    const now = of('a', 0)
    expect([now.mark, now.committed, now.isStopped, now.paused]).toEqual(['rewind:7-ab', 12, false, false])
  })

  it('ends at the ends of the log', async () => {
    const { moves, commits } = moving()
    await moves.move(place, 3)
    await moves.move(place, 3_000)
    expect(commits).toEqual([
      { ...place, offset: 10 },
      { ...place, offset: 20 }
    ])
  })

  it('whose order is noted is not carried out again; another one, and one without, are', async () => {
    const { moves, commits } = moving()
    await moves.move(place, 12, '7')
    expect([await moves.move(place, 12, '7'), commits.length]).toEqual([true, 1])
    await moves.move(place, 14)
    await moves.move(place, 13, '8')
    expect(commits.slice(1)).toEqual([
      { ...place, offset: 14, metadata: 'rewind:7' },
      { ...place, offset: 13, metadata: 'rewind:8' }
    ])
  })

  it('of a partition of another member, or whose note is not known, does nothing', async () => {
    const { moves, commits, of } = moving()
    of('a', 0).mark = undefined
    expect(await moves.move(place, 12, '7')).toBe(false)
    expect(await moves.move({ topic: 'b', partition: 0 }, 12, '7')).toBe(false)
    expect(commits).toEqual([])
  })

  it('is given up where another generation begins while Kafka refuses it, and leaves nothing held', async () => {
    const { moves, commits, seeks, assignment, of, paused } = moving(() => {
      assignment.replace(new Map([['a', [0, 1]]]))
      throw new Error('another generation')
    })
    expect(await moves.move(place, 12, '7')).toBe(false)
    expect([commits, seeks]).toEqual([[], []])
    expect([of('a', 0).holds.size, paused.size, of('a', 0).mark]).toEqual([0, 0, undefined])
  })

  it('leaves a partition paused that someone asked to be paused', async () => {
    const { moves, gate, of } = moving()
    gate.stop(of('a', 0), 'asked')
    await moves.move(place, 12, '7')
    expect([[...of('a', 0).holds], of('a', 0).isStopped]).toEqual([['asked'], true])
  })
})
