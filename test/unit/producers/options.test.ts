import { describe, expect, it } from 'vitest'
import { OptionsError } from '../../../core/index.ts'
import { createProducer, type ProducerOptions } from '../../../producers/index.ts'
import { resolveOptions } from '../../../producers/options.ts'
import { catalogue, type Events } from '../../../schemas/catalogue/index.ts'

const base: ProducerOptions<Events> = {
  connection: { kafka: { brokers: ['localhost:9092'] }, registry: { url: 'http://localhost:8080' } },
  catalogue
}

describe('options of a producer', () => {
  it('have defaults and are frozen', () => {
    const resolved = resolveOptions(base)
    expect(resolved).toMatchObject({
      batch: { lingerMs: 5, maxRecords: 1_000, maxBytes: 512 * 1024 },
      deliveryTimeoutMs: 120_000,
      maxMessageBytes: 1_048_576,
      topicPrefix: ''
    })
    expect(Object.isFrozen(resolved)).toBe(true)
    expect(resolveOptions({ ...base, deliveryTimeoutMs: 100 }).requestTimeoutMs).toBe(100)
    expect(resolveOptions({ ...base, maxMessageBytes: 1_000 }).batch.maxBytes).toBe(1_000)
  })

  it.each<[Partial<ProducerOptions<Events>>, string]>([
    [{ topicPrefix: 'a b' }, 'Expected `topicPrefix` to be at most 100 letters, digits, dots, - and _, got "a b"'],
    [{ source: '' }, 'Expected `source` to be a name of 1 to 100 printable ASCII characters without spaces, got ""'],
    [
      { batch: { lingerMs: -1 } },
      'Expected `batch.lingerMs` to be a whole number of ms from 0 to 2147483647 (24.8 days), got -1'
    ],
    [{ batch: { lingerMs: 1.5 } }, 'Expected `batch.lingerMs` to be a whole number of ms from 0'],
    [{ deliveryTimeoutMs: 2 ** 31 }, 'Expected `deliveryTimeoutMs` to be a whole number of ms from 1 to 2147483647'],
    [{ requestTimeoutMs: 2 ** 31 }, 'Expected `requestTimeoutMs` to be a whole number of ms'],
    [{ batch: { maxRecords: 0 } }, 'Expected `batch.maxRecords` to be a whole number from 1, got 0'],
    [
      { batch: { maxBytes: 2_000_000 } },
      'Expected `batch.maxBytes` to be at most `maxMessageBytes` (1048576), got 2000000'
    ],
    [{ buffer: { maxBytes: 1_000 } }, 'Expected `maxMessageBytes` to be at most `buffer.maxBytes` (1000), got 1048576'],
    [{ buffer: { maxRecords: 0 } }, 'Expected `buffer.maxRecords` to be a whole number from 1, got 0'],
    [
      { bufferMaxMessages: 10 } as Partial<ProducerOptions<Events>>,
      'Expected `bufferMaxMessages` to be left out: the option is called `buffer.maxRecords`'
    ],
    [
      { bufferMaxBytes: 10 } as Partial<ProducerOptions<Events>>,
      'Expected `bufferMaxBytes` to be left out: the option is called `buffer.maxBytes`'
    ],
    [
      { requestTimeoutMs: 2_000, deliveryTimeoutMs: 1_000 },
      'Expected `requestTimeoutMs` to be at most `deliveryTimeoutMs` (1000), got 2000'
    ],
    [
      { batch: { lingerMs: 50 }, deliveryTimeoutMs: 50 },
      'Expected `batch.lingerMs` to be less than `deliveryTimeoutMs` (50), got 50'
    ],
    [
      { versions: { 'lesson.published': 3 } },
      "Expected `versions['lesson.published']` to be a version from 1 to 2, got 3"
    ],
    [
      { versions: { 'lesson.lost': 1 } as ProducerOptions<Events>['versions'] & object },
      'Expected `versions` to be about events of the catalogue, got "lesson.lost"'
    ]
  ])('%j are refused', (options, message) => {
    expect(() => createProducer({ ...base, ...options })).toThrow(OptionsError)
    expect(() => createProducer({ ...base, ...options })).toThrow(message)
  })
})
