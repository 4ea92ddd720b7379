import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignPartitions, type GroupMember } from '../../../kafka/assignment.ts'

const topics = ['a', 'b', 'c', 'd'] as const
const groups = fc
  .uniqueArray(fc.record({ memberId: fc.string({ minLength: 1 }), topics: fc.subarray([...topics]) }), {
    minLength: 1,
    maxLength: 6,
    selector: ({ memberId }) => memberId
  })
  .map(members => members satisfies GroupMember[])
const logs = fc.record(
  Object.fromEntries(topics.map(topic => [topic, fc.nat(9).map(count => Array.from({ length: count }, (_, i) => i))]))
)

const flat = (assignment: ReturnType<typeof assignPartitions>) =>
  [...assignment].flatMap(([memberId, byTopic]) =>
    [...byTopic].flatMap(([topic, partitions]) => partitions.map(partition => ({ memberId, topic, partition })))
  )

describe('dealing partitions', () => {
  it('gives each to exactly one member, who subscribes to its topic; only what no member reads is left over', () => {
    fc.assert(
      fc.property(groups, logs, (members, log) => {
        const dealt = flat(assignPartitions(members, topic => log[topic] ?? []))
        const owners = new Map(dealt.map(({ topic, partition, memberId }) => [`${topic}/${partition}`, memberId]))
        expect(owners.size).toBe(dealt.length)
        for (const topic of topics) {
          const readers = members.filter(member => member.topics.includes(topic)).map(({ memberId }) => memberId)
          for (const partition of log[topic] ?? []) {
            const owner = owners.get(`${topic}/${partition}`)
            if (readers.length === 0) expect(owner).toBeUndefined()
            else expect(readers).toContain(owner)
          }
        }
      })
    )
  })

  it('makes loads of equal members differ by one at most', () => {
    const equals = fc
      .integer({ min: 1, max: 7 })
      .map(count => Array.from({ length: count }, (_, index) => ({ memberId: `m${index}`, topics: [...topics] })))
    fc.assert(
      fc.property(equals, logs, (members, log) => {
        const assignment = assignPartitions(members, topic => log[topic] ?? [])
        const loads = [...assignment.values()].map(byTopic => [...byTopic.values()].flat().length)
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1)
      })
    )
  })

  it('evens out what one member alone can take with what others can', () => {
    const members = [
      { memberId: 'm1', topics: ['a', 'b'] },
      { memberId: 'm2', topics: ['a'] }
    ]
    const assignment = assignPartitions(members, () => [0, 1])
    expect(Object.fromEntries(assignment.get('m1') ?? [])).toEqual({ b: [0, 1] })
    expect(Object.fromEntries(assignment.get('m2') ?? [])).toEqual({ a: [0, 1] })
  })

  it('is the same whichever member leads, and in whatever order it hears of things', () => {
    fc.assert(
      fc.property(groups, logs, fc.nat(), (members, log, seed) => {
        const shuffled = fc.sample(fc.shuffledSubarray(members, { minLength: members.length }), { numRuns: 1, seed })[0]
        const sorted = (all: ReturnType<typeof flat>) => all.map(each => JSON.stringify(each)).sort()
        const otherwise = (shuffled ?? []).map(member => ({ ...member, topics: [...member.topics].reverse() }))
        expect(sorted(flat(assignPartitions(otherwise, topic => [...(log[topic] ?? [])].reverse())))).toEqual(
          sorted(flat(assignPartitions(members, topic => log[topic] ?? [])))
        )
      })
    )
  })

  it('gives a topic that one member alone has heard of to that member', () => {
    const assignment = assignPartitions(
      [
        { memberId: 'old', topics: ['a'] },
        { memberId: 'new', topics: ['a', 'b'] }
      ],
      () => [0, 1, 2]
    )
    expect(assignment.get('new')?.get('b')).toEqual([0, 1, 2])
    expect(assignment.get('old')?.has('b')).toBe(false)
  })

  it('names every member, also one that gets nothing', () => {
    expect(assignPartitions([{ memberId: 'idle', topics: [] }], () => [0])).toEqual(new Map([['idle', new Map()]]))
  })
})
