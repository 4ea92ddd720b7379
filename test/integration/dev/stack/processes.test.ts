import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { lastLines } from '../../../../dev/processes/last-lines.ts'
import { ended, endProcess, killProcess, launch } from '../../../../dev/stack/processes.ts'
import { identify, isAlive } from '../../../../dev/tools/lock.mjs'
import { eventually } from '../../../support/stack.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'eventtrail-processes-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function start(script: string) {
  const log = join(folder, 'log')
  const child = launch({ name: 'p', command: process.execPath, args: ['-e', script], cwd: folder, log })
  const exit = ended(child)
  await eventually(() => existsSync(join(folder, 'ready')), { what: 'the process runs' })
  return { owned: { name: 'p', client: false, stopSignal: 'SIGTERM' as const, ...identify(child.pid) }, exit }
}

const ready = "require('fs').writeFileSync('ready', '')"

describe('ending a process', () => {
  test('asks first', async () => {
    const { owned, exit } = await start(
      `process.on('SIGTERM', () => process.exit(7)); ${ready}; setInterval(() => {}, 1e6)`
    )
    await endProcess(owned)
    expect(await exit).toBe(7)
  })

  test('kills it with its children when it does not listen', async () => {
    const { owned, exit } = await start(
      `const child = require('child_process').spawn('sleep', ['1000']);
       require('fs').writeFileSync('child', String(child.pid));
       process.on('SIGTERM', () => {}); ${ready}; setInterval(() => {}, 1e6)`
    )
    const child = identify(Number(readFileSync(join(folder, 'child'), 'utf8')))
    await endProcess(owned, 50)
    expect(await exit).toBe('SIGKILL')
    await eventually(() => !isAlive(child), { what: 'its child is gone' })
  })

  test('kills children that are in a group of their own, and waits for them', async () => {
    const { owned } = await start(
      `const child = require('child_process').spawn('sleep', ['1000'], { detached: true });
       require('fs').writeFileSync('child', String(child.pid)); ${ready}; setInterval(() => {}, 1e6)`
    )
    const child = identify(Number(readFileSync(join(folder, 'child'), 'utf8')))
    await killProcess(owned)
    expect([isAlive(owned), isAlive(child)]).toEqual([false, false])
  })

  test('is nothing to do when it is gone already', async () => {
    const { owned, exit } = await start(ready)
    expect(await exit).toBe(0)
    await endProcess(owned)
  })
})

test('a program gets none of the variables of the caller that a server could take for its own', async () => {
  process.env.KAFKA_HEAP_OPTS = '-Xmx1m'
  const { exit } = await start(`${ready}; process.exit(process.env.KAFKA_HEAP_OPTS ? 1 : 0)`)
  delete process.env.KAFKA_HEAP_OPTS
  expect(await exit).toBe(0)
})

test('of a log, the lines with a fault are shown, from where this start began', () => {
  const log = join(folder, 'server.log')
  const before = 'ERROR of yesterday\n'
  writeFileSync(log, `${before}starting\nFATAL: could not bind\n  at line 1\nbye\n`)
  expect(lastLines(log, 5, before.length)).toBe('FATAL: could not bind')
  expect(lastLines(join(folder, 'none.log'))).toBe('')
})
