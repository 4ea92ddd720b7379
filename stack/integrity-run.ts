import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CommandContext, type ExitCode, exitCodes } from '../core/command.ts'
import { makeFolder } from '../core/folder.ts'
import { cloneRoot, home } from './folders.ts'
import { guaranteesPage } from './guarantees-page.ts'
import { type IntegrityFigures, readLines, settingsEnv, summarize, summaryLines } from './integrity-log.ts'
import { startStack } from './stack.ts'
import { givenServers, runVitest } from './test-run.ts'

export interface IntegrityFlags {
  readonly quick?: boolean
  readonly seed?: number
  readonly minutes?: number
}

/**
 * Runs the integrity suite: real faults on real processes. Says what was broken and what the checker found;
 * a full run writes its figures to docs/integrity.json, and docs/guarantees.md with them.
 */
export async function runIntegrity(
  context: CommandContext,
  args: string[],
  { quick = false, seed = randomInt(1, 2 ** 31), minutes }: IntegrityFlags
): Promise<ExitCode> {
  const began = performance.now()
  const at = new Date().toISOString()
  const run = `${at.replace(/[:.]/g, '-')}-${seed}`
  makeFolder(join(home, 'integrity'))
  const log = join(home, 'integrity', `${run}.ndjson`)
  context.say(`seed ${seed}; each fault is a line in ${log}`)
  // Only the soak knows what to do with minutes.
  const files = minutes !== undefined && args.length === 0 ? ['test/integrity/soak'] : args
  const env = settingsEnv({ seed, quick, minutes, log })
  const given = givenServers()
  const stack = given
    ? undefined
    : await startStack({ kind: 'integrity', onProgress: context.say, logger: context.log, signal: context.signal })
  let code: ExitCode
  try {
    // One by one, so that a standstill is the fault's and not that of another file; in short there is no time for that.
    const pace = quick ? '--max-workers=2' : '--no-file-parallelism'
    code = await runVitest(context, ['--project', 'integrity', pace, ...files], stack, env)
  } finally {
    await stack?.stop()
  }
  const summary = summarize(readLines(log))
  for (const line of summaryLines(summary)) context.out(line)
  const minutesTaken = (performance.now() - began) / 60_000
  context.out(`seed ${seed}, ${minutesTaken.toFixed(1)} minutes`)
  const clean = code === exitCodes.ok && summary.violations.length === 0
  if (clean && !quick && files.length === 0) {
    const figures = { at, seed, node: process.versions.node, minutes: Number(minutesTaken.toFixed(1)), ...summary }
    writeFigures(figures)
  }
  if (code !== exitCodes.ok) return code
  return clean ? exitCodes.ok : exitCodes.notOk
}

function writeFigures(figures: IntegrityFigures): void {
  const docs = join(cloneRoot, 'docs')
  writeFileSync(join(docs, 'integrity.json'), `${JSON.stringify(figures, undefined, 2)}\n`)
  writeFileSync(join(docs, 'guarantees.md'), guaranteesPage(figures))
}
