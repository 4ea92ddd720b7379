import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it; what is there stays. Node's own `recursive` never ends, and no signal ends it,
 * where the system refuses to make a folder and says that there is none (/proc).
 * @throws the error of the system
 */
export function makeFolder(folder: string): void {
  if (isThere(folder)) return
  makeFolder(dirname(folder))
  if (!isThere(folder)) mkdirSync(folder)
}

/** Makes it, too, where the folder above is there. */
function isThere(folder: string): boolean {
  try {
    mkdirSync(folder)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return true
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error
    return false
  }
}
