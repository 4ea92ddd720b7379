import { Command, Option } from 'commander'
import fc from 'fast-check'
import { exitCodes, wholeNumber } from '../../cli/command.ts'
import { type Schedule, schedules } from './schedule.ts'
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
  .option('--seed <n>', 'of an earlier run (default: another one each time)', wholeNumber(-(2 ** 31)))
  .addOption(
    new Option('--path <path>', 'with --seed: the one schedule of it that failed').conflicts(['schedules', 'minutes'])
  )
  .addHelpText(
    'after',
    '\nExits with 0 when nothing was lost, doubled or out of order, 1 when something was, 2 when called wrongly.'
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.ok : exitCodes.usage))
const options = program.parse().opts<Options>()

const out = (line: string): void => void process.stdout.write(`${line}\n`)
const say = (line: string): void => void process.stderr.write(`${line}\n`)

if (options.path === undefined) await search(options.seed ?? Math.floor(Math.random() * 2 ** 31))
else if (options.seed === undefined) program.error('error: --path needs the --seed of the same run')
else await repeat(options.seed, options.path)

async function search(seed: number): Promise<void> {
  out(`seed ${seed}`)
  const began = performance.now()
  let count = 0
  let told = began
  const result = await fc.check(
    fc.asyncProperty(schedules, async schedule => {
      const fault = await faultOf(schedule)
      count += 1
      const now = performance.now()
      if (now - told > progressEveryMs) {
        told = now
        say(`${count} schedules`)
      }
      if (fault !== undefined) throw new Error(fault)
    }),
    {
      seed,
      numRuns: options.schedules ?? (options.minutes === undefined ? 2_000 : Number.MAX_SAFE_INTEGER),
      ...(options.minutes !== undefined && { interruptAfterTimeLimit: options.minutes * 60_000 })
    }
  )
  out(`${count} schedules, ${Math.round((count * 60_000) / (performance.now() - began))} a minute`)
  if (result.counterexamplePath === null) return clean()
  const { errorInstance: error, counterexamplePath: path, counterexample } = result
  failed(seed, path, error instanceof Error ? error.message : String(error), counterexample[0])
}

async function repeat(seed: number, path: string): Promise<void> {
  const schedule = await scheduleAt(seed, path)
  if (!schedule)
    return program.error(`error: seed ${seed} has no schedule at ${path}: take the path that a run printed`)
  out(`seed ${seed}`)
  const fault = await faultOf(schedule)
  out('1 schedule')
  if (fault === undefined) clean()
  else failed(seed, path, fault, schedule)
}

/** Found by a property that fails at once: fast-check alone would continue with the neighbours of one that passes. */
async function scheduleAt(seed: number, path: string): Promise<Schedule | undefined> {
  if (!/^\d+(:\d+)*$/.test(path)) return undefined
  const here = fc.asyncProperty(schedules, async (_: Schedule): Promise<void> => {
    throw new Error('here')
  })
  try {
    const { counterexample } = await fc.check(here, { seed, path, numRuns: 1, endOnFailure: true })
    return counterexample?.[0]
  } catch {
    return undefined // it leads past the end
  }
}

/** What went wrong, in words; undefined when nothing did. */
async function faultOf(schedule: Schedule): Promise<string | undefined> {
  try {
    const found = await simulate(schedule)
    return found.length > 0 ? found.slice(0, 10).join('\n') : undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function clean(): void {
  out('nothing was lost, doubled or out of order')
}

function failed(seed: number, path: string, words: string, schedule: Schedule): void {
  out(`failed: ${words}`)
  out(`again: npm run simulate -- --seed ${seed} --path ${path}`)
  out(JSON.stringify(schedule, undefined, 1))
  process.exitCode = exitCodes.notOk
}
