import { describe, expect, it } from 'vitest'
import { OptionsError } from '../../../core/index.ts'
import { createProducer, type ProducerOptions } from '../../../producers/index.ts'
import { resolveOptions } from '../../../producers/options.ts'

const base: ProducerOptions = { brokers: ['localhost:9092'], registryUrl: 'http://localhost:8080' }

describe('options of a producer', () => {
  it('have defaults and are frozen', () => {
    const resolved = resolveOptions(base)
    expect(resolved).toMatchObject({
      lingerMs: 5,
      deliveryTimeoutMs: 120_000,
      maxMessageBytes: 1_048_576,
      topicPrefix: ''
    })
    expect(Object.isFrozen(resolved)).toBe(true)
    expect(resolveOptions({ ...base, deliveryTimeoutMs: 100 }).requestTimeoutMs).toBe(100)
    expect(resolveOptions({ ...base, maxMessageBytes: 1_000 }).maxBatchBytes).toBe(1_000)
  })

  it.each<[Partial<ProducerOptions>, string]>([
    [{ brokers: [] }, 'Expected `brokers` to be at least one host:port, got none'],
    [{ brokers: ['localhost'] }, 'Expected `brokers` to be host:port'],
    [{ registryUrl: 'nowhere' }, 'Expected `registryUrl` to be a URL that begins with http:// or https://'],
    [{ topicPrefix: 'a b' }, 'Expected `topicPrefix` to be at most 100 letters, digits, dots, - and _, got "a b"'],
    [{ source: '' }, 'Expected `source` to be a name of 1 to 100 printable ASCII characters without spaces, got '],
    [{ lingerMs: -1 }, 'Expected `lingerMs` to be a whole number of ms from 0 to 2147483647 (24.8 days), got -1'],
    [{ lingerMs: 1.5 }, 'Expected `lingerMs` to be a whole number of ms from 0'],
    [{ deliveryTimeoutMs: 2 ** 31 }, 'Expected `deliveryTimeoutMs` to be a whole number of ms from 1 to 2147483647'],
    [{ requestTimeoutMs: 2 ** 31 }, 'Expected `requestTimeoutMs` to be a whole number of ms'],
    [{ maxBatchMessages: 0 }, 'Expected `maxBatchMessages` to be a whole number from 1, got 0'],
    [{ maxBatchBytes: 2_000_000 }, 'Expected `maxBatchBytes` to be at most `maxMessageBytes` (1048576), got 2000000'],
    [{ bufferMaxBytes: 1_000 }, 'Expected `maxMessageBytes` to be at most `bufferMaxBytes` (1000), got 1048576'],
    [
      { requestTimeoutMs: 2_000, deliveryTimeoutMs: 1_000 },
      'Expected `requestTimeoutMs` to be at most `deliveryTimeoutMs` (1000), got 2000'
    ],
    [{ lingerMs: 50, deliveryTimeoutMs: 50 }, 'Expected `lingerMs` to be less than `deliveryTimeoutMs` (50), got 50'],
    [
      { versions: { 'lesson.published': 3 } },
      "Expected `versions['lesson.published']` to be a version from 1 to 2, got 3"
    ],
    [
      { versions: { 'lesson.lost': 1 } as ProducerOptions['versions'] & object },
      'Expected `versions` to be about events of the catalogue, got "lesson.lost"'
    ]
  ])('%j are refused', (options, message) => {
    expect(() => createProducer({ ...base, ...options })).toThrow(OptionsError)
    expect(() => createProducer({ ...base, ...options })).toThrow(message)
  })
})
