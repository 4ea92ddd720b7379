import fc from 'fast-check'
import { expect, test } from 'vitest'
import { machineClock } from '../../../../core/index.ts'
import { runs } from '../../../support/properties.ts'
import { ParkingWorld } from './world.ts'

const keys = ['a', 'b', 'c']
const member = fc.nat(2)
const crash = fc.nat(9)
const how = fc.constantFrom('answered' as const, 'answered' as const, 'unanswered' as const, 'twice' as const)
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('event' as const), fails: fc.boolean(), crash }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('letter' as const), fails: fc.boolean(), crash }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('land' as const), index: fc.nat(9), how }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('redrive' as const), key: fc.constantFrom(...keys) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('commit' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('rebalance' as const), events: member, redriven: member, late: fc.nat(5) })
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('learn' as const), member }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pull' as const), member }) }
)
type Step = typeof step extends fc.Arbitrary<infer Each> ? Each : never

async function take(world: ParkingWorld, each: Step) {
  // What is begun continues when a row was stored.
  if (each.do === 'event') void world.event(each.fails, each.crash === 0)
  else if (each.do === 'letter') void world.letter(each.fails, each.crash === 0)
  else if (each.do === 'land') world.table.land(each.index, each.how)
  else if (each.do === 'redrive') world.redrive(each.key)
  else if (each.do === 'commit') world.commit()
  else if (each.do === 'rebalance') world.rebalance(each.events, each.redriven, each.late)
  else if (each.do === 'learn') world.learn(each.member)
  else world.pull(each.member)
  await machineClock.turn()
}

async function settle(world: ParkingWorld): Promise<void> {
  for (const each of [0, 1, 2]) world.learn(each)
  do {
    await machineClock.turn()
    world.table.land(0, 'answered')
    for (const each of [0, 1, 2]) world.pull(each)
    await machineClock.turn()
  } while (world.table.underway > 0)
}

/** Everything works from here on: what is left is handled, and what is parked redriven. */
async function finish(world: ParkingWorld): Promise<void> {
  await settle(world)
  // A row that was stored while two members in turn had the partition may leave an aggregate parked without a letter.
  for (const key of keys) world.publish(key)
  for (let round = 0; round < 20; round += 1) {
    while (world.hasEvents || world.hasRedriven) {
      void world.event(false)
      void world.letter(false)
      await settle(world)
      world.commit()
    }
    if (world.letters.length === 0) return
    for (const key of keys) world.redrive(key)
  }
}

/** The redriven letter that fails is of the second time that its aggregate was parked; its member knows the first one alone. */
const parkedTwice: Step[] = [
  { do: 'event', fails: true, crash: 1 },
  { do: 'land', index: 0, how: 'answered' },
  { do: 'redrive', key: 'a' },
  { do: 'rebalance', events: 1, redriven: 0, late: 5 },
  { do: 'letter', fails: false, crash: 1 },
  { do: 'letter', fails: false, crash: 1 },
  { do: 'land', index: 0, how: 'answered' },
  { do: 'commit' },
  { do: 'event', fails: false, crash: 1 },
  { do: 'land', index: 0, how: 'answered' },
  { do: 'event', fails: true, crash: 1 },
  { do: 'land', index: 0, how: 'answered' },
  { do: 'event', fails: false, crash: 1 },
  { do: 'land', index: 0, how: 'answered' },
  { do: 'redrive', key: 'a' },
  { do: 'letter', fails: true, crash: 1 },
  { do: 'land', index: 0, how: 'answered' },
  { do: 'letter', fails: false, crash: 1 },
  { do: 'pull', member: 1 }
]

test('whatever fails, is redriven, moves, crashes and is stored late, each aggregate is handled in order with no gap', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...keys), { minLength: 1, maxLength: 20, size: 'max' }),
      // Not as few as fast-check likes: a fault needs a redrive that fails, among much else.
      fc.array(step, { maxLength: 160, size: 'max' }),
      async (events, steps) => {
        const world = new ParkingWorld(events)
        world.table.isSlow = true
        for (const each of steps) await take(world, each)
        await finish(world)
        expect(world.faults).toEqual([])
        expect(world.parked).toEqual([])
        for (const key of keys) {
          const all = world.keys.flatMap((each, offset) => (each === key ? [offset] : []))
          expect(world.effects.get(key) ?? []).toEqual(all)
        }
      }
    ),
    { numRuns: runs(400), examples: [[['a', 'a', 'a'], parkedTwice]] }
  )
})
