import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import type { TestTrail } from '../trail.ts'
import { cli } from './cli.ts'
import { imageFlags } from './node-flags.ts'
import type { Sabotage } from './sabotage.ts'

const broken = fileURLToPath(new URL('./broken-sink.ts', import.meta.url))
const running = new Set<ChildProcess>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

/** A sink in a process of its own, as it is deployed. */
export interface SinkProcess {
  readonly child: ChildProcess
  /** What it wrote on stderr so far. */
  readonly log: () => string
  /** Sends the signal and resolves to its exit code, or null when the signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export function startSink(trail: Pick<TestTrail, 'env'>, ...flags: string[]): SinkProcess {
  return start(trail, [cli, 'sink', '--session-timeout', '1000', ...flags])
}

/** A sink that is broken on purpose in one way, in a process of its own. */
export function startBrokenSink(trail: Pick<TestTrail, 'env'>, how: Sabotage): SinkProcess {
  return start(trail, [broken, how])
}

function start(trail: Pick<TestTrail, 'env'>, args: readonly string[]): SinkProcess {
  const child = spawn(process.execPath, [...imageFlags, ...args], {
    env: { ...process.env, LOG_LEVEL: 'info', ...trail.env },
    // Over the channel it hears when this process is gone, and ends too.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc']
  })
  running.add(child)
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', text => {
    log += text
  })
  return {
    child,
    log: () => log,
    async stop(signal = 'SIGTERM') {
      running.delete(child)
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const exited = once(child, 'exit')
      child.kill(signal)
      await exited
      return child.exitCode
    }
  }
}
