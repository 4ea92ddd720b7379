import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Random, randomFrom } from '../../../dev/demo/day/random.ts'
import { home } from '../../../dev/tools/folders.ts'
import { filesOf } from '../report/files.ts'
import { type IntegrityLine, runSettings } from '../report/log.ts'

const given = runSettings(process.env)

/** How this run was asked for; `npm run integrity` sets it, and a file that is run alone has defaults. */
export const settings = {
  ...given,
  /** As many as asked for, a tenth of that with --quick. */
  times: (count: number): number => (given.quick ? Math.max(1, Math.round(count / 10)) : count)
}

const log = settings.log ?? join(home, 'integrity', 'loose.ndjson')
mkdirSync(dirname(log), { recursive: true })

/** Appends a line to the log of this run. */
export function record(line: IntegrityLine): void {
  appendFileSync(log, `${JSON.stringify(line)}\n`)
}

/** Where this process may keep files of its own. */
export const folder = (name: string): string => {
  const path = join(filesOf(log), `${name}-${process.pid}`)
  mkdirSync(path, { recursive: true })
  return path
}

/** The same for what the checker reads: of a test that passes nothing stays. Called in a test. */
export const evidence = (name: string): string => {
  const path = folder(name)
  // Last of all, as it is the first to be asked for: who writes there has ended by then.
  onTestFinished(({ task }) => {
    if (task.result?.state === 'pass') rmSync(path, { recursive: true, force: true })
  })
  return path
}

/** Numbers from 0 to below 1 that are the same for the same seed and name. */
export const randomOf = (name: string): Random => randomFrom(`${settings.seed} ${name}`)
