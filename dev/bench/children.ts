import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { settings } from '../../cli/index.ts'
import { within } from '../../core/index.ts'
import { BenchError } from './errors.ts'

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

export interface ChildOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Folder for its output, which goes to `<name>.log`. */
  readonly logs: string
  /** Told of the process at once, so that it can be ended by others when this one is killed. */
  readonly adopt: (name: string, pid: number | undefined) => void
}

/** A contender's process: running → (it ends, or is made to) → ended */
export class Child {
  readonly name: string
  readonly pid: number
  readonly ended: Promise<void>
  readonly #process: ChildProcess
  readonly #log: string
  #failure: Error | undefined

  constructor({ name, command, args, env, logs, adopt }: ChildOptions) {
    this.name = name
    this.#log = join(logs, `${name.replaceAll(' ', '-')}.log`)
    const log = openSync(this.#log, 'a')
    try {
      // A group of its own: a Ctrl-C at the terminal reaches the benchmark, which ends its children in order.
      this.#process = spawn(command, args, {
        detached: true,
        stdio: ['ignore', log, log],
        env: { ...withoutSettings(process.env), ...env }
      })
    } finally {
      closeSync(log)
    }
    this.pid = this.#process.pid ?? 0
    adopt(name, this.#process.pid)
    this.ended = once(this.#process, 'exit').then(
      () => undefined,
      (error: Error) => {
        this.#failure = error
      }
    )
  }

  get hasEnded(): boolean {
    return this.#failure !== undefined || this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  /** Whether it did its work and ended by itself. */
  get hasSucceeded(): boolean {
    return this.#process.exitCode === 0
  }

  /** Asks it to end; kills it when it takes longer than 20 s. */
  async stop(): Promise<void> {
    if (this.hasEnded) return
    this.#process.kill('SIGTERM')
    if (await within(20_000, this.ended)) return
    this.#process.kill('SIGKILL')
    await this.ended
  }

  failure(): BenchError {
    const { exitCode, signalCode } = this.#process
    const how = this.#failure ? 'could not be started' : `ended with ${signalCode ?? exitCode}`
    const words = lastLines(this.#log)
    return new BenchError('CHILD_FAILED', `${this.name} ${how}${words && `; its last words:\n${words}`}`, this.#failure)
  }
}

/** Starts `eventtrail <args>`. */
export function startCli(args: readonly string[], options: Omit<ChildOptions, 'command' | 'args'>): Child {
  return new Child({ ...options, command: process.execPath, args: [cli, ...args] })
}

/** Starts a TypeScript file of this folder. */
export function startScript(
  file: string,
  args: readonly string[],
  options: Omit<ChildOptions, 'command' | 'args'>
): Child {
  const path = fileURLToPath(new URL(file, import.meta.url))
  return new Child({
    ...options,
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', path, ...args]
  })
}

// What was set for other servers than the benchmark's must not lead its processes there.
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = new Set<string>(['EVENTTRAIL_CONFIG', ...Object.values(settings).map(setting => setting.env)])
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.has(name)))
}

export function lastLines(path: string, count = 5): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
  } catch {
    return ''
  }
}
