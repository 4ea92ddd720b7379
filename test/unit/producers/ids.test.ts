import { describe, expect, it } from 'vitest'
import { createIds, timeOfId } from '../../../producers/ids.ts'

describe('ids', () => {
  it('are UUIDs of version 7 with the time of the clock in front', () => {
    const id = createIds(() => 0x0123456789ab)()
    expect(id).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(timeOfId(id)).toBe(0x0123456789abn * 1_000n)
  })

  it('grow and never repeat: within a millisecond, over the pool of random bytes, with a clock set back a little', () => {
    let now = 1_700_000_000_000
    const newId = createIds(() => now)
    const ids: string[] = []
    for (let index = 0; index < 5_000; index += 1) {
      if (index % 1_000 === 999) now += index === 2_999 ? -1_000 : 1
      ids.push(newId())
    }
    expect(new Set(ids).size).toBe(ids.length)
    expect([...ids].sort()).toEqual(ids)
  })
  it('follow a clock that was an hour ahead and is set right', () => {
    let now = 1_700_003_600_000
    const newId = createIds(() => now)
    newId()
    now = 1_700_000_000_000
    const ids = Array.from({ length: 1_000 }, newId)
    expect(new Set(ids.map(timeOfId))).toEqual(new Set([BigInt(now) * 1_000n]))
    expect(new Set(ids).size).toBe(ids.length)
  })
})
