import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { Instance } from '../../../../dev/stack/instance.ts'
import { runFolder } from '../../../../dev/tools/folders.ts'
import { isAlive, type ProcessIdentity } from '../../../../dev/tools/lock.mjs'
import { eventually } from '../../../support/stack.ts'

const cli = fileURLToPath(new URL('../../../../cli/main.ts', import.meta.url))

const started = new Set<ChildProcess>()
afterAll(async () => {
  for (const child of started) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
})

/** A demo in a process of its own. */
export interface DemoProcess {
  /** What it wrote so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>
  kill(signal: NodeJS.Signals): void
  /** Resolves when stderr matches. */
  says(pattern: RegExp): Promise<void>
  /** What runs on its behalf at the moment. */
  traces(): Traces
}

/** Everything that a demo has around it, and must not leave. */
export interface Traces {
  /** Servers, sink, indexer, notifier. */
  readonly processes: readonly (ProcessIdentity & { readonly name: string })[]
  /** Whether any of that, its watchdog or its folder is still there. */
  remain(): boolean
}

export function startDemo(...args: string[]): DemoProcess {
  const child = spawn(process.execPath, [cli, 'demo', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  started.add(child)
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
    })
  }
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
  return {
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    ended,
    kill: signal => void child.kill(signal),
    async says(pattern) {
      await eventually(
        () => {
          if (pattern.test(written.stderr)) return true
          if (child.exitCode !== null) throw new Error(`the demo ended early:\n${written.stderr}`)
          return false
        },
        { what: `the demo says ${pattern}`, timeoutMs: 90_000 }
      )
    },
    traces: () => tracesOf(child.pid)
  }
}

function tracesOf(owner: number | undefined): Traces {
  const instance = Instance.all().find(({ state }) => state.owner?.pid === owner)
  if (!instance) throw new Error('the demo has no servers')
  const { id, living } = instance
  return {
    processes: living,
    remain: () => living.some(isAlive) || isNamedByAnyProcess(id) || existsSync(join(runFolder, id))
  }
}

/** The watchdog is in no list; like the servers it has the id of the instance among its arguments. */
function isNamedByAnyProcess(id: string): boolean {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .some(pid => {
      try {
        return readFileSync(join('/proc', pid, 'cmdline'), 'utf8').includes(id)
      } catch {
        return false
      }
    })
}
