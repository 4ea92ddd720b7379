import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { copyLine } from '../../../../dev/bench/contenders/copy-files.ts'
import { randomFrom, shapes } from '../../../../dev/bench/load/shapes.ts'
import { encodeEnvelope, eventNamePattern } from '../../../../schemas/index.ts'
import { noWho } from '../../../support/trail/plain-rows.ts'

describe('shapes', () => {
  it.each(Object.values(shapes))('$name can be published, in the size that it says', shape => {
    const random = randomFrom(1)
    const sizes = shape.events.map(versions => {
      const version = versions.at(-1)
      if (!version) throw new Error('an event without a version')
      expect(version.eventName).toMatch(eventNamePattern)
      const envelope = {
        id: randomUUID(),
        aggregate_id: randomUUID(),
        occurred_at: 1_700_000_000_000_000n,
        payload: shape.payload(version, random)
      }
      return encodeEnvelope(version, 1, envelope, version.version).length
    })
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length
    expect(mean).toBeGreaterThan(shape.name === 'large' ? 1_900 : 200)
    expect(mean).toBeLessThan(shape.name === 'large' ? 2_300 : 300)
  })

  it('spoils one record in a hundred where it says so', () => {
    const count = (name: 'duplicates' | 'poison', flaw: string) =>
      Array.from({ length: 10_000 }, (_, index) => shapes[name].flaw?.(index)).filter(each => each === flaw).length
    expect(count('duplicates', 'duplicate')).toBe(100)
    expect(count('poison', 'undecodable')).toBe(50)
    expect(count('poison', 'refused')).toBe(50)
  })

  it('are the same with each run', () => {
    expect(randomFrom(7)()).toBe(randomFrom(7)())
    expect(randomFrom(7)()).not.toBe(randomFrom(8)())
  })
})

describe('copyLine', () => {
  it('doubles the backslash, which COPY would take for its own', () => {
    const line = copyLine({
      id: 'i',
      aggregateId: 'a',
      occurredAt: 1_000_000n,
      eventName: 'x.y',
      payload: JSON.stringify({ text: 'a "b"\n' }),
      schemaVersion: 2,
      ...noWho,
      partition: 3,
      offset: 4
    })
    expect(line).toBe('i\ta\t1970-01-01T00:00:01.000Z\tx.y\t{"text":"a \\\\"b\\\\"\\\\n"}\t2\t3\t4\n')
  })
})
