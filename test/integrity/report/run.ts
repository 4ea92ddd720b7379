import { randomInt } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { type CommandContext, type ExitCode, exitCodes } from '../../../cli/command.ts'
import { makeFolder } from '../../../cli/folder.ts'
import { UsageError } from '../../../core/errors.ts'
import { startStack } from '../../../dev/stack/stack.ts'
import { givenServers, runVitest } from '../../../dev/testing/test-run.ts'
import { cloneRoot, home } from '../../../dev/tools/folders.ts'
import { keptFiles, removeOldFiles } from './files.ts'
import { guaranteesPage } from './guarantees-page.ts'
import { type IntegrityFigures, readLines, settingsEnv, summarize, summaryLines } from './log.ts'

export interface IntegrityFlags {
  readonly quick?: boolean
  readonly seed?: number
  readonly minutes?: number
  /** Pattern of the names of tests. */
  readonly testNamePattern?: string
}

/**
 * Runs the integrity suite: real faults on real processes. Says what was broken and what the checker found;
 * a full run writes its numbers to docs/integrity.json, and docs/guarantees.md with them.
 */
export async function runIntegrity(
  context: CommandContext,
  args: string[],
  { quick = false, seed = randomInt(1, 2 ** 31), minutes, testNamePattern }: IntegrityFlags
): Promise<ExitCode> {
  checkFiles(args)
  const began = performance.now()
  const at = new Date().toISOString()
  const run = `${at.replace(/[:.]/g, '-')}-${seed}`
  const folder = join(home, 'integrity')
  makeFolder(folder)
  removeOldFiles(folder)
  const log = join(folder, `${run}.ndjson`)
  // Tests only add to it, and those that break nothing do not.
  writeFileSync(log, '')
  context.say(`seed ${seed}; each fault is a line in ${log}`)
  const names = testNamePattern === undefined ? [] : ['--testNamePattern', testNamePattern]
  const all = args.length === 0 && names.length === 0
  // Only the soak knows what to do with minutes.
  const files = minutes !== undefined && all ? ['test/integrity/soak'] : args
  const env = settingsEnv({ seed, quick, minutes, log })
  const given = givenServers()
  const stack = given
    ? undefined
    : await startStack({ kind: 'integrity', onProgress: context.say, logger: context.log, signal: context.signal })
  let code: ExitCode
  try {
    // One by one, so that a standstill is the fault's and not that of another file; in short there is no time for that.
    const pace = quick ? '--max-workers=2' : '--no-file-parallelism'
    code = await runVitest(context, ['--project', 'integrity', pace, ...names, ...files], stack, env)
  } finally {
    await stack?.stop()
  }
  const summary = summarize(readLines(log))
  for (const line of summaryLines(summary, code === exitCodes.interrupted)) context.out(line)
  const kept = keptFiles(log, code === exitCodes.ok && summary.violations.length === 0)
  if (kept) context.out(`what the tests that did not pass wrote down is in ${kept}`)
  const minutesTaken = (performance.now() - began) / 60_000
  context.out(`seed ${seed}, ${minutesTaken.toFixed(1)} minutes`)
  const clean = code === exitCodes.ok && summary.violations.length === 0
  if (clean && !quick && all && minutes === undefined) {
    const figures = { at, seed, node: process.versions.node, minutes: Number(minutesTaken.toFixed(1)), ...summary }
    writeFigures(figures)
  }
  if (code !== exitCodes.ok) return code
  return clean ? exitCodes.ok : exitCodes.notOk
}

/** Servers take seconds to start: what vitest would refuse then is refused before. */
function checkFiles(args: readonly string[]): void {
  const option = args.find(arg => arg.startsWith('-'))
  if (option !== undefined) {
    throw new UsageError(
      `integrity has no ${option}: it takes --quick, --seed <n>, --minutes <n>, -t <name> and files of test/integrity`
    )
  }
  const suite = readdirSync(join(cloneRoot, 'test', 'integrity'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts'))
    .map(name => join('test', 'integrity', name).toLowerCase())
  // As vitest takes them: parts of a path, in small letters or not.
  const parts = (arg: string) => [arg, relative(cloneRoot, resolve(cloneRoot, arg))].map(part => part.toLowerCase())
  const other = args.find(arg => !parts(arg).some(part => suite.some(file => file.includes(part))))
  if (other !== undefined) throw new UsageError(`no file in test/integrity matches ${other}`)
}

function writeFigures(figures: IntegrityFigures): void {
  const docs = join(cloneRoot, 'docs')
  writeFileSync(join(docs, 'integrity.json'), `${JSON.stringify(figures, undefined, 2)}\n`)
  writeFileSync(join(docs, 'guarantees.md'), guaranteesPage(figures))
}
