import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { identify, isAlive, startOf, takeLock } from '../../../../dev/tools/lock.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'eventtrail lock '))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the identity of a process', () => {
  test('holds as long as the process lives', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'])
    const identity = identify(child.pid)
    expect(isAlive(identity)).toBe(true)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(isAlive(identity)).toBe(false)
  })

  test('is not that of a later process with the same pid', () => {
    expect(isAlive({ pid: process.pid, startedAt: '1' })).toBe(false)
  })

  test('is empty for a process that does not exist', () => {
    const gone = 2 ** 22 + 1
    expect(startOf(gone)).toBeUndefined()
    expect(isAlive(identify(gone))).toBe(false)
  })
})

describe('the lock', () => {
  test('is held by one at a time, and leaves nothing', async () => {
    const path = join(folder, 'a.lock')
    let inside = 0
    let most = 0
    const turns = Array.from({ length: 5 }, async () => {
      const release = await takeLock(path)
      inside += 1
      most = Math.max(most, inside)
      await new Promise(resolve => setImmediate(resolve))
      inside -= 1
      release()
    })
    await Promise.all(turns)
    expect(most).toBe(1)
    expect(readdirSync(folder)).toEqual([])
  })

  test.each([
    ['a dead process', JSON.stringify({ pid: process.pid, startedAt: '1' })],
    ['nobody, being damaged', '{"pid":']
  ])('of %s is taken over', async (_, content) => {
    const path = join(folder, 'b.lock')
    writeFileSync(path, content)
    const release = await takeLock(path)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(identify())
    release()
    expect(existsSync(path)).toBe(false)
  })

  test('says once whom it waits for, and stops waiting on a signal', async () => {
    const path = join(folder, 'c.lock')
    const release = await takeLock(path)
    const stop = new AbortController()
    const told: number[] = []
    const waiting = takeLock(path, {
      signal: stop.signal,
      onWait: pid => {
        told.push(pid)
        stop.abort()
      }
    })
    await expect(waiting).rejects.toThrow('aborted')
    expect(told).toEqual([process.pid])
    release()
    expect(readdirSync(folder)).toEqual([])
  })
})
