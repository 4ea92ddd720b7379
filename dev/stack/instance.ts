import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { identify, isAlive, logsFolder, type ProcessIdentity, runFolder } from '../tools/index.ts'
import { removeContainers, runningContainers } from './docker.ts'
import { endProcess, launch, type OwnedProcess, type Program } from './processes.ts'
import type { Ports, Versions } from './types.ts'

/** Written at every change, so that a program that finds the folder later can end what is left of it. */
export interface InstanceState {
  readonly id: string
  /** The process whose end is the instance's end; null for one that is meant to outlive its starter. */
  readonly owner: ProcessIdentity | null
  /** Of the superuser of Postgres. */
  readonly password: string
  readonly ports?: Ports
  /** Of the servers that wrote its data; unknown for containers. */
  readonly versions?: Versions
  readonly env?: Readonly<Record<string, string>>
  readonly processes: readonly OwnedProcess[]
  /** Whether the servers are Docker's and not among the processes. */
  readonly containers?: boolean
  /** Folders elsewhere that go when the instance's data goes. */
  readonly outside: readonly string[]
}

const newPassword = (): string => randomBytes(18).toString('base64url')

/** One set of servers with its folder `run/<id>`, which holds `state.json` and `data/`, and its logs in `logs/<id>`. */
export class Instance {
  readonly folder: string
  #state: InstanceState

  private constructor(state: InstanceState) {
    this.folder = join(runFolder, state.id)
    this.#state = state
  }

  /** A new instance that ends with this process; its id is the kind and something random. */
  static forThisProcess(kind: string): Instance {
    return Instance.#make({ id: `${kind}-${randomBytes(4).toString('hex')}`, owner: identify() })
  }

  /** The instance of this name that outlives its starter, made where there is none. */
  static lasting(id: string): Instance {
    return Instance.open(id) ?? Instance.#make({ id, owner: null })
  }

  static #make(facts: Pick<InstanceState, 'id' | 'owner'>): Instance {
    const instance = new Instance({ ...facts, password: newPassword(), processes: [], outside: [] })
    mkdirSync(instance.data, { recursive: true })
    mkdirSync(instance.logs, { recursive: true })
    instance.update({})
    return instance
  }

  static open(id: string): Instance | undefined {
    try {
      const state = JSON.parse(readFileSync(join(runFolder, id, 'state.json'), 'utf8')) as InstanceState
      return new Instance({ ...state, password: state.password ?? newPassword() })
    } catch {
      return undefined
    }
  }

  static all(): Instance[] {
    return readdirSync(runFolder).flatMap(id => Instance.open(id) ?? [])
  }

  get state(): InstanceState {
    return this.#state
  }
  get id(): string {
    return this.#state.id
  }
  get data(): string {
    return join(this.folder, 'data')
  }
  get logs(): string {
    return join(logsFolder, this.id)
  }
  log(name: string): string {
    return join(this.logs, `${name}.log`)
  }

  /** Processes of it that are alive. */
  get living(): OwnedProcess[] {
    return this.#state.processes.filter(isAlive)
  }

  /** Whether the process it belongs to is gone. */
  get orphaned(): boolean {
    return this.#state.owner !== null && !isAlive(this.#state.owner)
  }

  update(changes: Partial<InstanceState>): void {
    this.#state = { ...this.#state, ...changes }
    const file = join(this.folder, 'state.json')
    const fresh = `${file}.${process.pid}`
    try {
      writeFileSync(fresh, `${JSON.stringify(this.#state, undefined, 2)}\n`, { mode: 0o600 })
      renameSync(fresh, file)
    } catch (error) {
      // A killed run is removed by its watchdog and by the next run, perhaps at the same time: the new file is gone
      // then, even where the folder is still there.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }

  /** Starts a program and records it before anything else can happen. */
  launch(program: Program): ChildProcess {
    const child = launch(program)
    this.adopt({ name: program.name, pid: child.pid, stopSignal: program.stopSignal })
    return child
  }

  /** Records a process that must end with the instance. */
  adopt(process: {
    name: string
    pid: number | undefined
    stopSignal?: NodeJS.Signals | undefined
    client?: boolean
  }): void {
    const { name, pid, stopSignal = 'SIGTERM', client = false } = process
    if (pid === undefined) return
    const others = this.#state.processes.filter(each => each.pid !== pid && isAlive(each))
    this.update({ processes: [...others, { name, stopSignal, client, ...identify(pid) }] })
  }

  /** Ends the processes that use the servers. */
  async endClients(): Promise<void> {
    await Promise.all(this.living.filter(each => each.client).map(each => endProcess(each)))
  }

  /** Servers of it that run, by name. */
  async running(): Promise<string[]> {
    return this.#state.containers ? runningContainers(this.id) : this.living.map(each => each.name)
  }

  /** Ends all of its processes: those that use the servers, then the servers. */
  async endProcesses(): Promise<void> {
    await this.endClients()
    await Promise.all(this.living.map(each => endProcess(each)))
    if (this.#state.containers) await removeContainers(this.id, { keepData: this.#state.owner === null })
    this.update({ processes: [] })
  }

  /** Forgets what the servers stored. */
  async wipe(): Promise<void> {
    if (this.#state.containers) await removeContainers(this.id, { keepData: false })
    for (const folder of [...this.#state.outside, this.data]) rmSync(folder, { recursive: true, force: true })
    mkdirSync(this.data, { recursive: true })
    this.update({ outside: [], containers: false })
  }

  /** Removes everything of it, but for its logs when they may be needed; call after its processes ended. */
  remove(options: { keepLogs?: boolean } = {}): void {
    const logs = options.keepLogs ? [] : [this.logs]
    for (const folder of [...this.#state.outside, ...logs, this.folder]) {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  }
}

const keptLogs = 5

/** Ends and removes what killed runs left, and the oldest logs. Answers how many runs there were. */
export async function sweep(): Promise<number> {
  dropOldLogs()
  const orphans = Instance.all().filter(instance => instance.orphaned)
  await Promise.all(
    orphans.map(async orphan => {
      await orphan.endProcesses()
      orphan.remove({ keepLogs: true })
    })
  )
  return orphans.length
}

function dropOldLogs(): void {
  const current = new Set(Instance.all().map(instance => instance.id))
  const old = readdirSync(logsFolder, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && !current.has(entry.name))
    .map(entry => join(logsFolder, entry.name))
    .sort((one, other) => changedAt(other) - changedAt(one))
  for (const folder of old.slice(keptLogs)) rmSync(folder, { recursive: true, force: true })
}

function changedAt(folder: string): number {
  return statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
