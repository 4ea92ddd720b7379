import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CommandContext, type ExitCode, exitCodes } from '../../../cli/index.ts'
import { UsageError } from '../../../core/index.ts'
import { startStack, type Versions, versionsInWords, versionVariable } from '../../stack/index.ts'
import { cloneRoot } from '../../tools/index.ts'
import { runVitest } from '../test-run.ts'
import { combinations, files, pathOf, quickFiles } from './combinations.ts'
import type { VersionRun } from './page.ts'

export interface MatrixFlags {
  readonly quick?: boolean
}

/**
 * Runs the tests that touch servers against one combination of versions after the other. Full runs are written into
 * docs/versions.json, from which the table in docs/versions.md is made.
 * @param wanted only combinations that have one of these versions; none: all of them, or the first with `quick`
 */
export async function runMatrix(
  context: CommandContext,
  wanted: readonly string[],
  { quick = false }: MatrixFlags
): Promise<ExitCode> {
  const named = combinations.filter(
    row => wanted.length === 0 || wanted.some(word => Object.values(row).includes(word))
  )
  if (named.length === 0) {
    const all = combinations.map(versionsInWords).join('; ')
    throw new UsageError(`no combination has ${wanted.join(' or ')}: ${all}`)
  }
  const chosen = quick ? named.slice(0, 1) : named
  const paths = quick ? quickFiles : [...new Set(Object.values(files).flat())]
  // What is changed while it runs is not what most of it ran.
  const commit = commitOfClone()
  let worst: ExitCode = exitCodes.ok
  for (const [index, versions] of chosen.entries()) {
    context.say(`${index + 1} of ${chosen.length}: ${versionsInWords(versions)}`)
    const run = await runCombination(context, versions, paths.map(pathOf), commit)
    if (run === undefined) return exitCodes.interrupted
    context.out(
      `${versionsInWords(versions)}: ${run.passed} passed, ${run.failed} failed, ${run.minutes.toFixed(1)} minutes`
    )
    if (run.failed > 0) worst = exitCodes.notOk
    if (!quick) record(run)
  }
  if (!quick)
    context.say('written into docs/versions.json; `UPDATE_DOCS=1 npm test -- --unit test/unit/docs` makes the table')
  return worst
}

async function runCombination(
  context: CommandContext,
  versions: Versions,
  paths: readonly string[],
  commit: string
): Promise<VersionRun | undefined> {
  const began = performance.now()
  const at = new Date().toISOString()
  const folder = mkdtempSync(join(tmpdir(), 'eventtrail-matrix-'))
  const report = join(folder, 'report.json')
  const stack = await startStack({
    ...{ kind: 'matrix', versions, onProgress: context.say, logger: context.log, signal: context.signal }
  })
  try {
    // Tests that start servers of their own take these versions too.
    const env = Object.fromEntries(
      (Object.keys(versions) as (keyof Versions)[]).map(server => [versionVariable(server), versions[server]])
    )
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const code = await runVitest(context, ['--project', 'integration', ...reporters, ...paths], stack, env)
    if (code === exitCodes.interrupted) return undefined
    const minutes = Number(((performance.now() - began) / 60_000).toFixed(1))
    return { ...versions, at, commit, java: stack.java, ...countsOf(report, code), minutes }
  } finally {
    await stack.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** A file that could not run its tests counts as one failure, and so does a run that ends badly without one. */
function countsOf(report: string, code: ExitCode): { readonly passed: number; readonly failed: number } {
  if (!existsSync(report)) return { passed: 0, failed: 1 }
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some(each => each.status === 'failed')
  )
  const failed = numFailedTests + broken.length
  return { passed: numPassedTests, failed: failed === 0 && code !== exitCodes.ok ? 1 : failed }
}

function commitOfClone(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: cloneRoot, encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    // What a run writes is no change of what it ran.
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!docs/versions.json')
    return `${git('rev-parse', '--short=10', 'HEAD')}${changed === '' ? '' : '+'}`
  } catch {
    return 'unknown'
  }
}

/** Replaces the last run of the same versions; rows are in the order of the list. */
function record(run: VersionRun): void {
  const file = join(cloneRoot, 'docs', 'versions.json')
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as VersionRun[]) : []
  const runs = combinations.flatMap(
    row => [run, ...known].find(each => versionsInWords(each) === versionsInWords(row)) ?? []
  )
  writeFileSync(file, `${JSON.stringify(runs, undefined, 2)}\n`)
}
