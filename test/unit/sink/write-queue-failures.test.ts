import { describe, expect, it } from 'vitest'
import type { Batch } from '../../../sink/write/types.ts'
import type { WriteQueue } from '../../../sink/write/write-queue.ts'
import { chunk } from './chunks.ts'
import { answer, queueOf, quickClock } from './queues.ts'

describe('a queue whose batch keeps failing', () => {
  const unknown = () => Object.assign(new Error('no server says that'), { code: 'XX000' })
  const topicsOf = (batch: Batch) => batch.chunks.map(({ topic }) => topic)
  const two = (queue: WriteQueue) => {
    queue.add(chunk(0, 3, { topic: 'a' }))
    queue.add(chunk(0, 2, { topic: 'b' }))
  }

  it('for an unknown reason: it is written by partitions, and the record is looked for', async () => {
    const asked: [string[], boolean][] = []
    const { queue, written } = queueOf({
      write: async (batch, { isolate }) => {
        asked.push([topicsOf(batch), isolate])
        if (topicsOf(batch).includes('a') && asked.filter(([topics]) => topics.length === 1).length < 3) throw unknown()
        return answer(batch)
      }
    })
    two(queue)
    expect(await queue.drain()).toBeUndefined()
    expect(asked).toEqual([...Array(5).fill([['a', 'b'], false]), [['a'], true], [['b'], true], [['a'], true]])
    expect(written.map(topicsOf)).toEqual([['b'], ['a']])
  })

  it('for trouble of a server: the same batch again, and nothing is looked for', async () => {
    const asked = new Set<boolean>()
    let left = 9
    const { queue, written } = queueOf({
      write: async (batch, { isolate }) => {
        asked.add(isolate)
        left -= 1
        if (left > 0) throw Object.assign(new Error('disk full'), { code: left % 2 ? '53100' : 'ECONNRESET' })
        return answer(batch)
      },
      clock: quickClock
    })
    two(queue)
    expect(await queue.drain()).toBeUndefined()
    expect([...asked]).toEqual([false])
    expect(written.map(topicsOf)).toEqual([['a', 'b']])
  })

  it('and no record is the reason: the partition is postponed, the others are stored', async () => {
    const postponed: string[] = []
    const { queue, written } = queueOf({
      write: async batch => {
        if (topicsOf(batch).includes('a')) throw unknown()
        return answer(batch)
      },
      onPostponed: ({ topic }) => void postponed.push(topic),
      clock: quickClock
    })
    two(queue)
    expect(await queue.drain()).toBeUndefined()
    expect(postponed).toEqual(['a'])
    expect(written.map(topicsOf)).toEqual([['b']])
  })

  it('for a fault of the program that no record brings about: it ends', async () => {
    const { queue, failures } = queueOf({
      write: async () => {
        throw new TypeError('a fault of ours')
      },
      clock: quickClock
    })
    two(queue)
    expect(await queue.drain()).toMatchObject({ message: 'a fault of ours' })
    expect(failures).toHaveLength(1)
  })
})
