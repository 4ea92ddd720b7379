import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

// In a process of its own: what would never end, no timeout of a test could end either.
const run = promisify(execFile)
const make = (module: string, folder: string) =>
  run(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `const { makeFolder } = await import(process.argv[1]); makeFolder(process.argv[2])`,
      new URL(`../../../../${module}`, import.meta.url).href,
      folder
    ],
    { timeout: 20_000, killSignal: 'SIGKILL' }
  )
let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'folder '))
})
afterEach(() => rmSync(home, { recursive: true }))

describe.each(['cli/folder.ts', 'dev/tools/lock.mjs'])('makeFolder of %s', module => {
  it('makes the folders above too, and leaves what is there', async () => {
    await make(module, join(home, 'a', 'b', 'c'))
    writeFileSync(join(home, 'a', 'b', 'c', 'kept'), '')
    await make(module, join(home, 'a', 'b', 'c'))
    expect(existsSync(join(home, 'a', 'b', 'c', 'kept'))).toBe(true)
  })

  it('ends where the system allows none', async () => {
    await expect(make(module, '/proc/x/y')).rejects.toMatchObject({
      killed: false,
      code: 1,
      stderr: expect.stringContaining('ENOENT')
    })
  })
})
