import { expect, it } from 'vitest'
import { silentLogger } from '../../../core/index.ts'
import { KafkaError } from '../../../kafka/errors.ts'
import { TopicWatch } from '../../../kafka/topic-watch.ts'
import type { AdminLine, KafkaAdmin } from '../../../kafka/types/index.ts'

const refused = new KafkaError('KAFKA_AUTHENTICATION', 'b:1 did not accept the password')
const away = new KafkaError('KAFKA_UNAVAILABLE', 'Kafka is unreachable')

/** A watch whose looks have these ends, one after the other. */
async function looks(...ends: readonly (KafkaError | 'answered')[]) {
  const left = [...ends]
  const heard: string[] = []
  const line: AdminLine = {
    async ask<T>(question: (admin: KafkaAdmin) => Promise<T>) {
      const end = left.shift()
      if (end instanceof Error) throw end
      return question({ allTopicIds: async () => new Map([['a', undefined]]) } as unknown as KafkaAdmin)
    },
    heldBackWords: async () => [],
    close: async () => undefined
  }
  const onReach = (reached: boolean, why?: string) => void heard.push(reached ? 'reached' : (why ?? 'away'))
  const watch = new TopicWatch(line, async () => ['a'], silentLogger, onReach)
  for (const _ of ends) await watch.look(new AbortController().signal)
  return { heard, hopeless: watch.hopeless, current: watch.current }
}

it('a Kafka that has let nothing in is hopeless after three looks', async () => {
  expect(await looks(refused, refused)).toMatchObject({ hopeless: undefined })
  expect(await looks(refused, refused, refused)).toMatchObject({
    hopeless: refused,
    heard: Array(3).fill(refused.message)
  })
})

it('one that is away is not, nor one that has let something in', async () => {
  expect((await looks(away, away, away, away)).hopeless).toBeUndefined()
  expect((await looks(refused, refused, away, refused, refused)).hopeless).toBeUndefined()
  const before = await looks('answered', refused, refused, refused, refused)
  expect([before.hopeless, before.current]).toEqual([undefined, ['a']])
  expect(before.heard.at(-1)).toBe(refused.message)
})
