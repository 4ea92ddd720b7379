import { expect, it } from 'vitest'
import { type CatchUpParts, catchUp } from '../../../kafka/catch-up.ts'
import { KafkaError } from '../../../kafka/errors.ts'
import type { KafkaAdmin, LogEnds } from '../../../kafka/types/index.ts'

const ends = (topic: string, highWatermark: number, start = 0): LogEnds => ({
  topic,
  partition: 0,
  start,
  end: highWatermark,
  highWatermark
})
class TimedOut extends Error {}

/** A group of three topics, one of them empty. What is asked of Kafka is answered from these facts. */
function parts(facts: Partial<CatchUpParts> & { readonly logs?: () => Promise<LogEnds[]> } = {}): CatchUpParts {
  const logs = facts.logs ?? (async () => [ends('a', 3), ends('b', 7), ends('empty', 5, 5)])
  return {
    group: 'readers',
    line: {
      ask: question => question({ logEnds: logs } as unknown as KafkaAdmin),
      heldBackWords: async topics => topics.map(topic => `${topic} is held back`),
      close: async () => undefined
    },
    topics: async () => ['a', 'b', 'empty'],
    progress: async () => new Map(),
    changed: async () => undefined,
    requireOpen: () => undefined,
    timeoutMs: 10_000,
    timedOut: (message, cause) => new TimedOut(message, { cause }),
    ...facts
  }
}

it('waits until every end of the beginning is passed', async () => {
  const looks = [
    new Map(),
    new Map([['a/0', 3]]),
    new Map([
      ['a/0', 9],
      ['b/0', 7]
    ])
  ]
  let asked = 0
  let end = 7
  await catchUp(
    parts({
      logs: async () => [ends('a', 3), ends('b', end++), ends('empty', 5, 5)],
      progress: async goals => {
        expect(goals.map(({ topic, highWatermark }) => [topic, highWatermark])).toEqual([
          ['a', 3],
          ['b', 7]
        ])
        return looks[asked++] ?? new Map()
      }
    })
  )
  expect(asked).toBe(3)
})

it('asks no progress of topics without records', async () => {
  await catchUp(parts({ logs: async () => [ends('empty', 5, 5)], progress: () => Promise.reject(new Error('asked')) }))
})

it('waits for servers that are unreachable, and says so at the timeout', async () => {
  const away = new KafkaError('KAFKA_UNAVAILABLE', 'no broker answers')
  let failures = 2
  const logs = async () => {
    if (failures-- > 0) throw away
    return [ends('a', 3)]
  }
  await catchUp(parts({ logs, progress: async () => new Map([['a/0', 3]]) }))
  expect(failures).toBe(-1)
  const gone = catchUp(parts({ logs: () => Promise.reject(away), timeoutMs: 0 }))
  await expect(gone).rejects.toThrow(/^Group readers had not caught up after \d+ ms: no broker answers$/)
  await expect(gone).rejects.toMatchObject({ cause: away })
})

it('says at the timeout or after an abort where it lags, and what holds it', async () => {
  const words = /^Group readers had not caught up after \d+ ms: b\/0 \(not yet at 7\)\. b is held back$/
  const progress = async () => new Map([['a/0', 3]])
  await expect(catchUp(parts({ progress, timeoutMs: 0 }))).rejects.toThrow(words)
  await expect(catchUp(parts({ progress, signal: AbortSignal.abort() }))).rejects.toThrow(words)
})

it('throws what no retry can fix, and that its reader has ended', async () => {
  const refused = new KafkaError('TOPIC_UNKNOWN', 'no')
  await expect(catchUp(parts({ topics: () => Promise.reject(refused) }))).rejects.toBe(refused)
  const slip = new TypeError('a slip')
  await expect(catchUp(parts({ progress: () => Promise.reject(slip) }))).rejects.toBe(slip)
  const missing = catchUp(parts({ topics: async () => ['a', 'never.made'], mustExist: true }))
  await expect(missing).rejects.toThrow('Kafka has no topic never.made')
  let open = true
  const ended = catchUp(
    parts({
      progress: async () => {
        open = false
        throw refused
      },
      requireOpen: () => {
        if (!open) throw new Error('it has ended')
      }
    })
  )
  await expect(ended).rejects.toThrow('it has ended')
})
