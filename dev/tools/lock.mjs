// Plain JavaScript without dependencies: the entry uses it under the machine's own Node, before anything is installed.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** When the process started, as the kernel reports it; undefined when there is none or it is a zombie. */
export function startOf(pid) {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
    }
    // The name, in brackets, may hold anything: what follows the last bracket is regular.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** Names a process so that a later one with the same pid is not taken for it. */
export function identify(pid = process.pid) {
  return { pid, startedAt: startOf(pid) ?? '' }
}

export function isAlive(identity) {
  return identity.startedAt !== '' && startOf(identity.pid) === identity.startedAt
}

/** As cli/folder.ts, which is not there for the machine's own Node: Node's `recursive` never ends below /proc. */
export function makeFolder(folder) {
  if (isThere(folder)) return
  makeFolder(dirname(folder))
  if (!isThere(folder)) mkdirSync(folder)
}

function isThere(folder) {
  try {
    mkdirSync(folder)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return true
    if (error.code !== 'ENOENT' || dirname(folder) === folder) throw error
    return false
  }
}

/**
 * Takes the lock file, waiting while a living process holds it; a dead one's is taken over.
 * Answers with the function that gives it back.
 */
export async function takeLock(path, { signal, onWait } = {}) {
  makeFolder(dirname(path))
  const mine = `${path}.${randomBytes(6).toString('hex')}`
  const content = JSON.stringify(identify())
  writeFileSync(mine, content)
  try {
    for (let told = false; ; ) {
      try {
        linkSync(mine, path) // makes the file with its content in one step, or fails
        return () => release(path, content)
      } catch (error) {
        if (error.code !== 'EEXIST') throw error
      }
      const held = readText(path)
      if (held === undefined) continue
      if (!isAlive(parse(held))) {
        breakLock(path, held, mine)
        continue
      }
      if (!told) onWait?.(parse(held).pid)
      told = true
      await delay(100, undefined, { signal })
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

// Two waiters may see the same dead holder: what was moved away is looked at again, and put back if it is another's.
function breakLock(path, held, mine) {
  const aside = `${mine}.stale`
  try {
    renameSync(path, aside)
    if (readText(aside) !== held) linkSync(aside, path)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

function release(path, content) {
  if (readText(path) === content) rmSync(path, { force: true })
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return { pid: 0, startedAt: '' }
  }
}
