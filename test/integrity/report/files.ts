import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const weekMs = 7 * 86_400_000

/** Where the tests of a run write what the checker reads, next to the log of the run. */
export const filesOf = (log: string): string => join(dirname(log), 'files', basename(log, '.ndjson'))

/**
 * The folder of what the failed tests of a run wrote down; undefined, and no folder, when there is nothing, or when
 * the run was clean: a process may write a last line while the files of its test are removed.
 */
export function keptFiles(log: string, wasClean: boolean): string | undefined {
  const folder = filesOf(log)
  if (!existsSync(folder)) return undefined
  if (!wasClean && readdirSync(folder).length > 0) return folder
  rmSync(folder, { recursive: true })
  return undefined
}

/** Removes what earlier runs left. Not that of the last week: no run takes so long, and another may be under way. */
export function removeOldFiles(home: string, now = Date.now()): void {
  const folder = join(home, 'files')
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now
    if (now - changed > weekMs) rmSync(path, { recursive: true, force: true })
  }
}
