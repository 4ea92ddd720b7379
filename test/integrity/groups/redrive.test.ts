import { test } from 'vitest'
import { killAndContinue } from '../../integration/operations/dead-letters/killed-redrive.ts'
import { testTrail } from '../../support/trail.ts'
import { record, settings } from '../harness/settings.ts'

const trails = { park: await testTrail({ partitions: 3 }), skip: await testTrail({ partitions: 3 }) }
for (const trail of Object.values(trails)) await trail.offer('quiz.submitted')
const [aggregates, turns] = [settings.times(500), 10]

// Case 34. Against a group that runs; a small one is in test/integration/operations/dead-letters.
test.each([
  'park',
  'skip'
] as const)('%s: 5,000 letters of 500 aggregates, the redrive is killed and run again', async policy => {
  const file = 'redrive.test.ts'
  const at = new Date().toISOString()
  await killAndContinue(trails[policy], policy, { policy, aggregates, turns })
  record({ type: 'fault', file, what: 'SIGKILL of a redrive', at, standstillMs: 0, redelivered: 0 })
  record({ type: 'check', file, events: aggregates * turns, unknown: 0, failed: 0, violations: [] })
}, 900_000)
