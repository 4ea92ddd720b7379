import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, closeSync, constants, openSync, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { identify, isAlive, type ProcessIdentity } from '../tools/index.ts'

/** A process of an instance, as its state file keeps it. */
export interface OwnedProcess extends ProcessIdentity {
  readonly name: string
  /** What asks it to end. */
  readonly stopSignal: NodeJS.Signals
  /** Whether it uses the servers: then it ends before them. */
  readonly client: boolean
}

/** What to run. It gets an environment of its own: nothing of the caller's leaks into a server. */
export interface Program {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Another user to run as; only root can. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** File that gets stdout and stderr, appended. */
  readonly log: string
  /** Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
}

/** Starts a program in a session of its own, so that a Ctrl-C at the terminal does not reach it. */
export function launch(program: Program): ChildProcess {
  const log = openSync(program.log, 'a')
  try {
    return spawn(program.command, program.args, {
      cwd: program.cwd,
      env: { ...inherited(), ...program.env },
      detached: true,
      stdio: ['ignore', log, log],
      ...program.user
    })
  } finally {
    closeSync(log)
  }
}

function inherited(): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of ['PATH', 'HOME', 'USER', 'JAVA_HOME', 'TMPDIR', 'MAVEN_OPTS', 'MAVEN_ARGS']) {
    const value = process.env[name]
    if (value !== undefined) kept[name] = value
  }
  return kept
}

/** Resolves when the child has ended, with its exit code or signal; rejects when it could not be started. */
export function ended(child: ChildProcess): Promise<number | NodeJS.Signals> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal ?? code ?? 0))
  })
}

/** Asks a process to end, waits up to the deadline, then kills it with all of its group. */
export async function endProcess(owned: OwnedProcess, deadlineMs = 15_000): Promise<void> {
  if (!isAlive(owned)) return
  signalProcess(owned.pid, owned.stopSignal)
  for (const until = performance.now() + deadlineMs; performance.now() < until; ) {
    if (!isAlive(owned)) return
    await delay(20)
  }
  await killProcess(owned)
}

/** Kills a process, its group and its children at once and waits until they are gone. */
export async function killProcess(owned: ProcessIdentity): Promise<void> {
  // Sessions of Postgres are in groups of their own, and hold its shared memory: while one lives it does not start again.
  const children = isAlive(owned) ? childrenOf(owned.pid) : []
  while (isAlive(owned)) {
    if (!signalProcess(-owned.pid, 'SIGKILL')) signalProcess(owned.pid, 'SIGKILL')
    await delay(20)
  }
  for (const child of children) {
    for (; isAlive(child); await delay(20)) signalProcess(child.pid, 'SIGKILL')
  }
}

/** As Linux reports them (proc(5), /proc/pid/task/tid/children); none elsewhere. */
function childrenOf(pid: number): ProcessIdentity[] {
  try {
    const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    return pids.map(child => identify(Number(child)))
  } catch {
    return []
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** The full path of a program that the shell would find, or undefined. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  return folders.map(folder => join(folder, name)).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
