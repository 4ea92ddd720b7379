import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sweep } from '../../../../dev/stack/instance.ts'
import { type Stack, startStack } from '../../../../dev/stack/stack.ts'
import { cloneRoot, runFolder } from '../../../../dev/tools/folders.ts'
import { identify, isAlive, type ProcessIdentity } from '../../../../dev/tools/lock.mjs'
import { eventually } from '../../../support/stack.ts'

describe('a server that goes away and comes back', () => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack({ kind: 'lifecycle' })
  }, 120_000)
  afterAll(async () => {
    await stack?.stop()
  })

  test('Postgres, killed, still has what was committed', async () => {
    await query(stack, 'CREATE TABLE kept AS SELECT 42 AS answer')
    const { postgres } = stack.restartable
    const before = postgres.pid
    await postgres.kill()
    expect(postgres.pid).toBeUndefined()
    await expect(query(stack, 'SELECT 1')).rejects.toThrow()
    await postgres.start()
    expect(postgres.pid).not.toBe(before)
    expect(await query(stack, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
  })

  test('Postgres lets no other user of this machine in, and has a folder of its own', async () => {
    const url = new URL(stack.env.DATABASE_URL)
    expect(url.password).toHaveLength(24)
    url.password = url.username
    await expect(query(stack, 'SELECT 1', url.href)).rejects.toMatchObject({ code: '28P01' })
    const state = statSync(join(stackFolder(stack), 'state.json'))
    expect(state.mode & 0o077).toBe(0)
    const owner = (...path: string[]): number => statSync(join(stackFolder(stack), 'data', ...path)).uid
    const others = [owner(), owner('kafka'), owner('registry')]
    expect(others).toEqual([process.getuid?.(), process.getuid?.(), process.getuid?.()])
    const files = readdirSync(join(stackFolder(stack), 'data', 'db'))
    expect(files).toEqual(['postgres'])
  })

  test('what the containers run at their first start gives the registry a role that cannot reach the trail', async () => {
    const script = readFileSync(join(cloneRoot, 'dev', 'stack', 'registry.sql'), 'utf8').replace(/^--.*$/gm, '')
    for (const statement of script.split(';').filter(each => each.trim() !== '')) await query(stack, statement)
    const as = (database: string): string => {
      const url = new URL(stack.env.DATABASE_URL)
      url.username = url.password = 'registry'
      url.pathname = `/${database}`
      return url.href
    }
    await query(stack, 'CREATE TABLE schemas ()', as('registry'))
    await expect(query(stack, 'SELECT 1', as('eventtrail'))).rejects.toMatchObject({ code: '42501' })
  })

  test('the registry, killed, still knows the schema by its id', async () => {
    const { SCHEMA_REGISTRY_URL: url } = stack.env
    const registered = await fetch(`${url}/subjects/kept-value/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ schema: '"string"' })
    })
    const { id } = (await registered.json()) as { id: number }
    await stack.restartable.registry.kill()
    await expect(fetch(`${url}/subjects`)).rejects.toThrow()
    await stack.restartable.registry.start()
    const again = await fetch(`${url}/schemas/ids/${id}`)
    expect(await again.json()).toMatchObject({ schema: '"string"' })
  })

  test('Kafka, stopped and started again, comes back as the same cluster', async () => {
    const meta = (): string => readFileSync(join(stackFolder(stack), 'data', 'kafka', 'meta.properties'), 'utf8')
    const before = meta()
    const { kafka } = stack.restartable
    await kafka.stop()
    expect(kafka.pid).toBeUndefined()
    await kafka.start()
    expect(meta()).toBe(before)
  })

  test('nothing of it is left after a stop, and a second stop is no fault', async () => {
    const pids = Object.values(stack.restartable).map(server => identify(server.pid))
    const folder = stackFolder(stack)
    const both = [stack.stop(), stack.stop()]
    await Promise.all(both)
    expect(pids.filter(isAlive)).toEqual([])
    expect(existsSync(folder)).toBe(false)
  })
})

describe('a run that is killed', () => {
  test.each([
    { by: 'its watchdog', watchdog: true, nextRun: false },
    { by: 'the next run, when the watchdog is killed too', watchdog: false, nextRun: true },
    { by: 'watchdog and next run at the same time', watchdog: true, nextRun: true }
  ])('leaves nothing: $by', async ({ watchdog, nextRun }) => {
    const run = await holdStack()
    if (!watchdog) process.kill(watchdogOf(run.id), 'SIGKILL')
    await run.kill()
    if (nextRun) await sweep()
    await eventually(() => !run.processes.some(isAlive) && !existsSync(join(runFolder, run.id)), {
      what: 'servers, client and folder are gone'
    })
  }, 120_000)
})

async function query(stack: Stack, statement: string, url: string = stack.env.DATABASE_URL): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

const stackFolder = (stack: Stack): string => join(runFolder, stack.id)

interface HeldStack {
  readonly id: string
  /** SIGKILL; resolves when it is dead. */
  kill(): Promise<unknown>
  /** The three servers and one client. */
  readonly processes: readonly ProcessIdentity[]
}

/** Another process that has started a stack and a client of it, and waits. */
async function holdStack(): Promise<HeldStack> {
  const script = join(cloneRoot, 'test', 'support', 'processes', 'hold-stack.ts')
  const holder = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  const [line] = (await once(createInterface(holder.stdout), 'line')) as [string]
  const { id, pids } = JSON.parse(line) as { id: string; pids: number[] }
  const kill = (): Promise<unknown> => {
    const exit = once(holder, 'exit')
    holder.kill('SIGKILL')
    return exit
  }
  return { id, kill, processes: pids.map(identify) }
}

function watchdogOf(id: string): number {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const args = readFileSync(join('/proc', pid, 'cmdline'), 'utf8').split('\0')
      if (args.includes(id) && args.some(arg => arg.endsWith('watchdog.ts'))) return Number(pid)
    } catch {
      // it ended in the meantime
    }
  }
  throw new Error(`no watchdog of ${id}`)
}
