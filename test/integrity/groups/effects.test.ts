import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { below } from '../../../dev/demo/day/random.ts'
import { stageOf } from '../harness/effects/stage.ts'
import { randomOf, record, settings } from '../harness/settings.ts'

const [aggregates, turns, late] = [settings.times(1_000), 50, 4]
const file = basename(import.meta.filename)
const stages = []
for (const policy of ['park', 'skip'] as const)
  for (const kind of ['single', 'batch'] as const)
    stages.push(await stageOf({ policy, kind, seed: String(settings.seed), aggregates, turns }))

test.each(
  stages
)('%s: 50,000 events, 2 percent of handlers fail, members are killed, then all is redriven', async stage => {
  const random = randomOf(`kills ${stage}`)
  const first = aggregates * (turns - late)
  /** Kills a member at a random moment between two shares of the effects. */
  const kill = async (what: string, from: number, to: number) => {
    await stage.done(from + below(to - from, random()))
    const since = performance.now()
    const before = await stage.count()
    record({ type: 'fault', file, what, at: new Date().toISOString(), standstillMs: 0, redelivered: 0 })
    await stage.killOne()
    await stage.done(before + 1)
    return performance.now() - since
  }
  const check = async (published: number, isRedriven: boolean) => {
    const violations = await stage.violations(published, isRedriven)
    record({
      type: 'check',
      file,
      events: aggregates * published,
      unknown: 0,
      failed: 0,
      violations: violations.slice(0, 100)
    })
    expect(violations.slice(0, 10)).toEqual([])
  }
  stage.start(3)
  await stage.publish(0, turns - late)
  await kill('SIGKILL of a member of a group', first * 0.05, first * 0.25)
  await kill('SIGKILL of a member of a group', first * 0.3, first * 0.5)
  await stage.caughtUp()
  await check(turns - late, false)

  await stage.repair()
  const done = await stage.count()
  const [outcome] = await Promise.all([
    stage.redrive(),
    stage.publish(turns - late, turns),
    kill('SIGKILL of a member of a group during a redrive', done + 1, done + aggregates * late * 0.8)
  ])
  expect(outcome).toMatchObject({ deadAgain: 0, skipped: 0, waiting: 0, stillParked: 0 })
  await stage.caughtUp()
  // What was parked just when the redrive looked for the last time, and letters that were written twice.
  for (let again = 0; again < 5 && (await stage.redrive()); again += 1);
  expect(await stage.redrive()).toBeUndefined()
  await check(turns, true)
}, 3_600_000)
