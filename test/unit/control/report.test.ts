import { describe, expect, it } from 'vitest'
import {
  encodeIdentity,
  encodeReport,
  identityOf,
  type MemberReport,
  parseIdentity,
  parseReport
} from '../../../control/index.ts'

const report: MemberReport = {
  group: 'orders.stock',
  member: '0a1b2c3d',
  at: new Date('2026-11-26T02:40:00Z'),
  applied: 3,
  notReady: ['Kafka is unreachable'],
  handled: 1,
  retried: 2,
  deadLettered: 3,
  queued: 4,
  running: 5,
  longest: [{ topic: 'orders.placed', partition: 1, offset: 7, forMs: 41_000 }],
  stopped: [{ topic: 'orders.paid', messages: 20, failed: 15 }]
}

describe('a report', () => {
  it('is read as it was written', () => {
    expect(parseReport(encodeReport(report))).toEqual(report)
    expect(parseReport(encodeReport({ ...report, applied: undefined }))).toEqual({ ...report, applied: undefined })
  })

  it('has at most 8 KiB: the longest running and the first reasons are kept', () => {
    const longest = Array.from({ length: 1_000 }, (_, offset) => ({
      ...{ topic: 't'.repeat(249), partition: 0, offset, forMs: offset }
    }))
    const notReady = Array.from({ length: 100 }, () => 'é'.repeat(1_000))
    const bytes = encodeReport({ ...report, longest, notReady })
    expect(bytes.length).toBeLessThanOrEqual(8_192)
    const read = parseReport(bytes)
    expect(read?.longest.map(({ offset }) => offset).slice(0, 2)).toEqual([999, 998])
    expect(read?.notReady[0]).toMatch(/^é{300}$/)
  })

  it('of another program is not read', () => {
    for (const text of ['', '7', '{"v":1}', '{"v":2,"group":"g","member":"m","at":"2026-11-26T02:40:00Z"}'])
      expect(parseReport(Buffer.from(text))).toBeUndefined()
    const bare = parseReport(Buffer.from('{"v":1,"group":"g","member":"m","at":"2026-11-26T02:40:00Z","longest":[1]}'))
    expect(bare).toMatchObject({ handled: 0, longest: [], stopped: [], notReady: [], applied: undefined })
  })
})

describe('an identity', () => {
  it('names the member, its process and its version, and is read as it was written', () => {
    const [one, other] = [identityOf('1.2.3'), identityOf(undefined)]
    expect(one).toMatchObject({ pid: process.pid, version: '1.2.3' })
    expect(one.member).not.toBe(other.member)
    for (const each of [one, other]) expect(parseIdentity(encodeIdentity(each))).toEqual(each)
  })

  it('has at most 1 KiB, whatever the version is', () => {
    expect(encodeIdentity(identityOf('é'.repeat(5_000))).length).toBeLessThanOrEqual(1_024)
  })

  it('of members that say something else, or nothing, there is none', () => {
    for (const about of ['', '{}', '\u0000\u0001', '{"member":"x"}'])
      expect(parseIdentity(Buffer.from(about))).toBeUndefined()
  })
})
