import { Command } from 'commander'
import fc from 'fast-check'
import { exitCodes, wholeNumber } from '../../core/command.ts'
import { schedules } from './schedule.ts'
import { simulate } from './simulation.ts'

const progressEveryMs = 5_000

interface Options {
  readonly schedules?: number
  readonly minutes?: number
  readonly seed?: number
  readonly path?: string
}

const program = new Command('simulate')
  .description('run the logic of the sink through schedules of faults, against a fake log and a fake database')
  .option('--schedules <n>', 'how many (default: 2000, or as many as --minutes allows)', wholeNumber())
  .option('--minutes <n>', 'for how long', wholeNumber())
  .option('--seed <n>', 'of an earlier run (default: another one each time)', wholeNumber(0))
  .option('--path <path>', 'with --seed: the one schedule of it that failed')
  .addHelpText('after', '\nExits with 0 when nothing was lost, doubled or out of order, 1 when something was.')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.ok : exitCodes.usage))
const options = program.parse().opts<Options>()
const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31)

const out = (line: string): void => void process.stdout.write(`${line}\n`)
const say = (line: string): void => void process.stderr.write(`${line}\n`)

out(`seed ${seed}`)
const began = performance.now()
let count = 0
let told = began
const result = await fc.check(
  fc.asyncProperty(schedules, async schedule => {
    const found = await simulate(schedule)
    count += 1
    const now = performance.now()
    if (now - told > progressEveryMs) {
      told = now
      say(`${count} schedules`)
    }
    if (found.length > 0) throw new Error(found.slice(0, 10).join('\n'))
  }),
  {
    seed,
    numRuns: options.schedules ?? (options.minutes === undefined ? 2_000 : Number.MAX_SAFE_INTEGER),
    ...(options.path !== undefined && { path: options.path }),
    ...(options.minutes !== undefined && { interruptAfterTimeLimit: options.minutes * 60_000 })
  }
)
out(`${count} schedules, ${Math.round((count * 60_000) / (performance.now() - began))} a minute`)
if (result.counterexamplePath !== null) {
  out(`failed: ${result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance)}`)
  out(`again: npm run simulate -- --seed ${seed} --path ${result.counterexamplePath}`)
  out(JSON.stringify(result.counterexample, undefined, 1))
  process.exitCode = exitCodes.notOk
} else out('nothing was lost, doubled or out of order')
