import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { settings } from '../../cli/index.ts'
import { within } from '../../core/index.ts'
import { lastLines } from './last-lines.ts'

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

export interface ChildOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Folder for its output, which goes to `<name>.log`. */
  readonly logs: string
  /** Gets every process at once, so that it can be ended by others when this one is killed. */
  readonly adopt: (name: string, pid: number | undefined) => void
  /** Makes the error of one that failed. */
  readonly errorOf: (message: string, cause: Error | undefined) => Error
}

/** A process of the demo or the benchmark: running → (it ends, or is ended) → ended */
export class Child {
  readonly name: string
  readonly pid: number
  readonly ended: Promise<void>
  readonly #process: ChildProcess
  readonly #log: string
  readonly #errorOf: ChildOptions['errorOf']
  #wanted = false
  #failure: Error | undefined

  constructor({ name, command, args, env, logs, adopt, errorOf }: ChildOptions) {
    this.name = name
    this.#errorOf = errorOf
    this.#log = join(logs, `${name.replaceAll(' ', '-')}.log`)
    const log = openSync(this.#log, 'a')
    try {
      // A group of its own: a Ctrl-C at the terminal reaches its parent, which ends its children in order.
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

  /** Whether it ended without being asked to. */
  get hasFallen(): boolean {
    return this.hasEnded && !this.#wanted
  }

  /** Resolves when it has ended with 0. @throws its {@link failure} otherwise */
  async success(): Promise<void> {
    await this.ended
    if (!this.hasSucceeded) throw this.failure()
  }

  /** Ends it without warning, as the kernel or a power cut would. */
  async kill(): Promise<void> {
    this.#wanted = true
    this.#process.kill('SIGKILL')
    await this.ended
  }

  /** Asks it to end; kills it when it takes longer than `deadlineMs`, by default 20 s. */
  async stop(deadlineMs = 20_000): Promise<void> {
    this.#wanted = true
    if (this.hasEnded) return
    this.#process.kill('SIGTERM')
    if (!(await within(deadlineMs, this.ended))) await this.kill()
  }

  /** What it and others of its name have written. */
  output(): string {
    return readFileSync(this.#log, 'utf8')
  }

  /** How it ended, with its last words. */
  failure(): Error {
    const { exitCode, signalCode } = this.#process
    const how = this.#failure ? 'could not be started' : `ended with ${signalCode ?? exitCode}`
    const words = lastLines(this.#log)
    return this.#errorOf(`${this.name} ${how}${words && `; its last words:\n${words}`}`, this.#failure)
  }
}

/** Starts `eventtrail <args>`. */
export function startCli(args: readonly string[], options: Omit<ChildOptions, 'command' | 'args'>): Child {
  return new Child({ ...options, command: process.execPath, args: [cli, ...args] })
}

/** What was set for other servers than those of the demo or the benchmark must not lead its processes there. */
export function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = new Set<string>(['EVENTTRAIL_CONFIG', ...Object.values(settings).map(setting => setting.env)])
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.has(name)))
}
