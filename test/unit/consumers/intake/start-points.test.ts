import { expect, test } from 'vitest'
import { type StartFacts, startPoints } from '../../../../consumers/intake/position/start-points.ts'
import { keyOf } from '../../../../kafka/index.ts'

const log = (topic: string, partition: number, start: number, end: number) => ({
  topic,
  partition,
  start,
  end,
  highWatermark: end + 5
})
const logs = [log('a', 0, 10, 100), log('a', 1, 0, 50), log('new', 0, 3, 7)]
const facts: StartFacts = { appeared: new Set<string>(), offsetsAt: async () => new Map<string, number>() }

async function offsets(...[from, given = {}]: [Parameters<typeof startPoints>[0], Partial<StartFacts>?]) {
  return (await startPoints(from, logs, { ...facts, ...given })).map(({ offset }) => offset)
}

test('the ends of the logs: what an open transaction holds back comes', async () => {
  expect(await offsets('earliest')).toEqual([10, 0, 3])
  expect(await offsets('latest')).toEqual([100, 50, 7])
})

test('a date: the first record that is as new', async () => {
  const asked: Date[] = []
  const date = new Date('2026-11-26T12:00:00Z')
  const offsetsAt = async (sources: readonly { topic: string; partition: number }[], at: Date) => {
    asked.push(at)
    return new Map(sources.map((source, index) => [keyOf(source), 20 + index]))
  }
  expect(await offsets(date, { offsetsAt })).toEqual([20, 21, 7])
  expect(asked).toEqual([date])
})

test('offsets: within the log, and the start where none is given', async () => {
  expect(await offsets({ a: { 0: 42, 1: 9_999 } })).toEqual([42, 50, 3])
  expect(await offsets({ a: { 0: 1 } })).toEqual([10, 0, 3])
})

test('a topic that has appeared since the group began is read from its start, whatever is asked for', async () => {
  const appeared = new Set(['new'])
  expect(await offsets('latest', { appeared })).toEqual([100, 50, 3])
  expect(await offsets({ new: { 0: 6 } }, { appeared })).toEqual([10, 0, 3])
})
