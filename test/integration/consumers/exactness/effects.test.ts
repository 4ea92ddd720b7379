import { expect, test } from 'vitest'
import { stageOf } from '../../../integrity/harness/effects/stage.ts'

const [aggregates, turns, late] = [100, 30, 3]
const stages = [
  await stageOf({ policy: 'park', kind: 'single', seed: '1', aggregates, turns }),
  await stageOf({ policy: 'park', kind: 'batch', seed: '1', aggregates, turns })
]

// The whole of it is test/integrity/groups/effects.test.ts.
test.each(stages)('%s: with a kill and a redrive each effect is done once, aggregates in order', async stage => {
  stage.start(2)
  await stage.publish(0, turns - late)
  await stage.done(aggregates * 5)
  await stage.killOne()
  await stage.caughtUp()
  expect(await stage.violations(turns - late, false)).toEqual([])
  await stage.repair()
  const [outcome] = await Promise.all([stage.redrive(), stage.publish(turns - late, turns)])
  expect(outcome).toMatchObject({ deadAgain: 0, skipped: 0, waiting: 0, stillParked: 0 })
  await stage.caughtUp()
  expect(await stage.redrive()).toBeUndefined()
  expect(await stage.violations(turns, true)).toEqual([])
}, 120_000)
