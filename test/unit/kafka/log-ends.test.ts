import { describe, expect, it } from 'vitest'
import { HeldBackTimes } from '../../../kafka/held-back.ts'
import { heldBackWords } from '../../../kafka/index.ts'
import { firstTimeOf } from '../../../kafka/kafkajs/log/log-ends.ts'

/** A Fetch response (version 4) of one partition with the head of one batch. */
function response({ topic = 'a.b', aborted = 0, base = 0n, max = 0n, attributes = 0, cut = false }) {
  const name = Buffer.from(topic)
  const head = Buffer.alloc(61)
  head.writeInt16BE(attributes, 21)
  head.writeBigInt64BE(base, 27)
  head.writeBigInt64BE(max, 35)
  const before = Buffer.alloc(4 + 4 + 2)
  before.writeInt16BE(name.length, 8)
  const partition = Buffer.alloc(4 + 4 + 2 + 8 + 8)
  const list = Buffer.alloc(4 + Math.max(0, aborted) * 16 + 4)
  list.writeInt32BE(aborted)
  return Buffer.concat([before, name, partition, list, ...(cut ? [] : [head])])
}

describe('the time of the first record that is held back', () => {
  const time = 1_790_000_000_000n
  const past = BigInt(Date.UTC(2025, 0))

  it('is read from the head of its batch, whatever is before it', () => {
    for (const aborted of [-1, 0, 3])
      for (const topic of ['a', 'a.much.longer.name'])
        expect(firstTimeOf(response({ topic, aborted, base: past, max: time }))).toEqual(new Date(Number(past)))
  })

  it('is that of the broker where the topic says so', () => {
    expect(firstTimeOf(response({ base: 5n, max: past, attributes: 0x08 | 0x10 }))).toEqual(new Date(Number(past)))
  })

  it('is unknown where no clock could have said it, or no batch came', () => {
    for (const base of [-1n, 0n, 1_790_000_000_000_000_000n]) expect(firstTimeOf(response({ base }))).toBeUndefined()
    expect(firstTimeOf(response({ cut: true }))).toBeUndefined()
  })
})

describe('how long a partition is held back', () => {
  it('is counted from the first look on, from 0 for another transaction, and ends with it', () => {
    let now = 1_000
    const times = new HeldBackTimes(() => now)
    const of = { topic: 'a', partition: 0 }
    const log = (end: number, highWatermark: number) => [{ ...of, end, highWatermark }]
    times.saw(log(5, 5))
    expect(times.of(of)).toBeUndefined()
    times.saw(log(5, 9))
    now += 400
    expect(times.of(of)).toBe(400)
    times.saw(log(5, 12))
    expect(times.of(of)).toBe(400)
    times.saw(log(8, 12))
    expect(times.of(of)).toBe(0)
    times.saw(log(12, 12))
    expect(times.of(of)).toBeUndefined()
  })

  it('is said with the place, the count and the time', () => {
    const held = { topic: 'a', partition: 3, from: 7, offsets: 498, since: new Date(0) }
    expect(heldBackWords(held)).toBe(
      'a/3: 498 offsets from 7 on wait for the end of a transaction that is open since 1970-01-01T00:00:00.000Z'
    )
    expect(heldBackWords({ ...held, since: undefined })).toContain('transaction that is open')
  })
})
