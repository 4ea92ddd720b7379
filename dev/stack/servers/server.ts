import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import type { Logger } from '../../../core/index.ts'
import { pause } from '../../../core/index.ts'
import { lastLines } from '../../processes/index.ts'
import { StackError } from '../errors.ts'
import type { Instance } from '../instance.ts'
import { ended, endProcess, killProcess, type OwnedProcess, type Program } from '../processes.ts'
import type { RestartableServer } from '../types.ts'

/** How one kind of server is started. */
export interface ServerPlan {
  readonly program: Program
  /** Makes files and data that the start needs. */
  prepare(signal?: AbortSignal): Promise<void>
  /** One attempt to use the server; rejects while it does not answer. */
  probe(): Promise<void>
}

export interface ServerOptions {
  readonly instance: Instance
  readonly logger: Logger
  readonly signal?: AbortSignal | undefined
  /** How long a start may take, ms. Default 60,000. */
  readonly startTimeoutMs?: number
}

/** States: stopped → starting → running → stopped. An unexpected end is logged. */
export class Server implements RestartableServer {
  readonly #plan: ServerPlan
  readonly #options: ServerOptions
  #child: ChildProcess | undefined
  #started: Promise<void> | undefined
  #wanted = false

  constructor(plan: ServerPlan, options: ServerOptions) {
    this.#plan = plan
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** A second call gets the first one's promise. */
  start(): Promise<void> {
    this.#started ??= this.#start().catch(error => {
      this.#started = undefined
      throw error
    })
    return this.#started
  }

  async #start(): Promise<void> {
    const { instance, logger, signal, startTimeoutMs = 60_000 } = this.#options
    const { name, log } = this.#plan.program
    await this.#plan.prepare(signal)
    if (signal?.aborted) throw new StackError('STOPPED', `stopped before ${name} was started`)
    const logStart = sizeOf(log)
    const child = instance.launch(this.#plan.program)
    child.unref()
    this.#child = child
    this.#wanted = true
    let ending: unknown
    const exit = ended(child).then(
      code => (ending = code),
      error => (ending = error)
    )
    void exit.then(code => {
      if (this.#child === child) this.#child = this.#started = undefined
      if (this.#wanted) logger.warn({ server: name, code: String(code) }, 'a server of the stack ended by itself')
    })
    for (const until = performance.now() + startTimeoutMs; ; ) {
      if (ending !== undefined) throw this.#failure(ending, logStart)
      try {
        await this.#plan.probe()
        // Something else may answer on the port while our own server is about to fail on it.
        if (ending === undefined) return
      } catch {
        if (performance.now() > until) {
          await this.kill()
          throw new StackError('START_TIMEOUT', `${name} did not answer within ${startTimeoutMs / 1_000} s, see ${log}`)
        }
        if (!(await pause(40, signal))) throw new StackError('STOPPED', `stopped while ${name} was starting`)
      }
    }
  }

  #failure(ending: unknown, logStart: number): StackError {
    this.#wanted = false
    const { name, log, command } = this.#plan.program
    if (ending instanceof Error) {
      return new StackError('SERVER_FAILED', `${name} could not be started from ${command}`, ending)
    }
    const said = lastLines(log, 5, logStart)
    if (/address already in use|bindexception|port\b.*\b(in use|already bound)/i.test(said)) {
      return new StackError('PORT_IN_USE', `another program took the port that ${name} was about to use: try again`)
    }
    return new StackError('SERVER_FAILED', `${name} ended while it was starting (${ending}); ${log} says:\n${said}`)
  }

  async stop(): Promise<void> {
    await this.#end(owned => endProcess(owned))
  }

  async kill(): Promise<void> {
    await this.#end(killProcess)
  }

  async #end(how: (owned: OwnedProcess) => Promise<void>): Promise<void> {
    this.#wanted = false
    const child = this.#child
    const owned = this.#options.instance.living.find(each => each.pid === child?.pid)
    if (!child || !owned) return
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
    child.ref()
    await how(owned)
    await gone
    this.#child = this.#started = undefined
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
