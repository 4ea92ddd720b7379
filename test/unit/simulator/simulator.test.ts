import fc from 'fast-check'
import { expect, it } from 'vitest'
import { found } from '../../simulator/found.ts'
import { proofSabotages } from '../../simulator/proof-sabotage.ts'
import { schedules } from '../../simulator/schedule.ts'
import { simulate } from '../../simulator/simulation.ts'
import { sabotages } from '../../support/processes/sabotage.ts'
import { runs } from '../../support/properties.ts'

// A longer run, and a failed one again: npm run simulate -- --seed … --path …
const numRuns = runs(500)

it(`comes out clean of ${numRuns} schedules of faults`, { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(schedules, async schedule => {
      expect(await simulate(schedule)).toEqual([])
    }),
    { numRuns, interruptAfterTimeLimit: 20_000 }
  )
})

it.each(Object.entries(found))('no longer: %s', async (_, schedule) => {
  expect(await simulate(schedule)).toEqual([])
})

it.each(sabotages)('turns red: %s', { timeout: 60_000 }, async how => {
  const few = fc.sample(schedules, { numRuns: 100, seed: 5 })
  for (const schedule of few) {
    const found = await simulate(schedule, how)
    // That the sink itself gives up, or hangs, is not what is asked of the checker.
    if (found.some(each => !each.startsWith('a sink failed') && !each.startsWith('the sinks do not'))) return
  }
  expect.unreachable(`${few.length} schedules came out clean`)
})

it.each(proofSabotages)('turns red about the proof: %s', { timeout: 60_000 }, async how => {
  const few = fc.sample(schedules, { numRuns: 100, seed: 5 })
  for (const schedule of few) if ((await simulate(schedule, how)).some(each => each.startsWith('proof: '))) return
  expect.unreachable(`${few.length} schedules came out clean`)
})

it('is the same run for the same schedule', async () => {
  for (const schedule of fc.sample(schedules, { numRuns: runs(20), seed: 5 }))
    expect(await simulate(schedule, 'commit before write')).toEqual(await simulate(schedule, 'commit before write'))
})
