import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { settings } from '../../cli/index.ts'
import { within } from '../../core/index.ts'
import { DemoError } from './errors.ts'

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

export interface CrewOptions {
  /** Where the servers are; nothing else of eventtrail's settings reaches a child. */
  readonly env: Readonly<Record<string, string>>
  /** Folder for one log file per name. */
  readonly logs: string
  /** Told of every process at once, so that it can be ended by others when this one is killed. */
  readonly adopt: (name: string, pid: number | undefined) => void
}

/** A command of eventtrail as a process of its own: running → (it ends, or is made to) → ended */
export class Child {
  readonly name: string
  readonly #process: ChildProcess
  readonly #log: string
  readonly #ended: Promise<unknown>
  #wanted = false
  #failure: Error | undefined

  constructor(name: string, child: ChildProcess, log: string) {
    this.name = name
    this.#process = child
    this.#log = log
    this.#ended = once(child, 'exit').catch((error: Error) => {
      this.#failure = error
    })
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  get hasEnded(): boolean {
    return this.#failure !== undefined || this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  /** Whether it ended and nobody asked for that. */
  get hasFallen(): boolean {
    return this.hasEnded && !this.#wanted
  }

  /** Resolves when it has ended with 0. @throws DemoError `CHILD_FAILED` with its last words otherwise */
  async success(): Promise<void> {
    await this.#ended
    if (this.#process.exitCode !== 0) throw this.failure()
  }

  /** Ends it without warning, as the kernel or a power cut would. */
  async kill(): Promise<void> {
    this.#wanted = true
    this.#process.kill('SIGKILL')
    await this.#ended
  }

  /** Asks it to end; kills it when it takes longer than `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    this.#wanted = true
    this.#process.kill('SIGTERM')
    if (!(await within(deadlineMs, this.#ended))) await this.kill()
  }

  failure(): DemoError {
    const { exitCode, signalCode } = this.#process
    const how = this.#failure ? 'could not be started' : `ended with ${signalCode ?? exitCode}`
    const words = lastLines(this.#log)
    return new DemoError(
      'CHILD_FAILED',
      `\`eventtrail ${this.name}\` ${how}${words && `; its last words:\n${words}`}`,
      this.#failure
    )
  }
}

/** The processes of the demo. */
export class Crew {
  readonly #options: CrewOptions
  readonly #children = new Set<Child>()

  constructor(options: CrewOptions) {
    this.#options = options
  }

  /** Starts `eventtrail <args>`. */
  start(...args: string[]): Child {
    const name = args.filter(arg => /^[a-z]+$/.test(arg)).join(' ')
    const path = join(this.#options.logs, `${name.replaceAll(' ', '-')}.log`)
    const log = openSync(path, 'a')
    try {
      // A group of its own: a Ctrl-C at the terminal reaches the demo, which ends its children in order.
      const child = spawn(process.execPath, [cli, ...args], {
        detached: true,
        stdio: ['ignore', log, log],
        env: { ...withoutSettings(process.env), ...this.#options.env }
      })
      this.#options.adopt(name, child.pid)
      const member = new Child(name, child, path)
      this.#children.add(member)
      return member
    } finally {
      closeSync(log)
    }
  }

  /** Runs a command that ends by itself. @throws DemoError `CHILD_FAILED` */
  async run(...args: string[]): Promise<void> {
    const child = this.start(...args)
    await child.success()
    this.#children.delete(child)
  }

  /** @throws DemoError `CHILD_FAILED` when one of them has ended by itself */
  check(): void {
    for (const child of this.#children) if (child.hasFallen) throw child.failure()
  }

  async stop(deadlineMs: number): Promise<void> {
    await Promise.all([...this.#children].filter(child => !child.hasEnded).map(child => child.stop(deadlineMs)))
  }
}

/** What was set for other servers than the demo's must not lead its processes there. */
export function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = new Set<string>(['EVENTTRAIL_CONFIG', ...Object.values(settings).map(setting => setting.env)])
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.has(name)))
}

function lastLines(path: string, count = 5): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
  } catch {
    return ''
  }
}
