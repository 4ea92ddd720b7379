import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { schedules } from './schedule.ts'
import { simulate } from './simulation.ts'

const { values } = parseArgs({
  options: {
    schedules: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    path: { type: 'string' }
  }
})
const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))
const seed = number(values.seed) ?? Math.floor(Math.random() * 2 ** 31)
const minutes = number(values.minutes)
const numRuns = number(values.schedules) ?? (minutes === undefined ? 2_000 : Number.MAX_SAFE_INTEGER)

const say = (line: string) => process.stdout.write(`${line}\n`)
say(`seed ${seed}`)
let count = 0
const began = performance.now()
const result = await fc.check(
  fc.asyncProperty(schedules, async schedule => {
    const found = await simulate(schedule)
    count += 1
    if (found.length > 0) throw new Error(found.slice(0, 10).join('\n'))
  }),
  {
    seed,
    numRuns,
    ...(values.path !== undefined && { path: values.path }),
    ...(minutes !== undefined && { interruptAfterTimeLimit: minutes * 60_000 })
  }
)
const ran = (performance.now() - began) / 60_000
say(`${count} schedules, ${Math.round(count / ran)} a minute`)
if (result.counterexamplePath !== null) {
  say(`failed: ${result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance)}`)
  say(`again: npm run simulate -- --seed ${seed} --path ${result.counterexamplePath}`)
  say(JSON.stringify(result.counterexample, undefined, 1))
  process.exitCode = 1
} else say('nothing was lost, doubled or out of order')
