import { readdirSync, readFileSync } from 'node:fs'

/** The kernel reports processor time to user space in hundredths of a second, on every architecture (proc(5)). */
const ticksPerSecond = 100

export interface ProcessTimes {
  readonly parent: number
  /** Processor time of all its threads, s. */
  readonly own: number
  /** Processor time of its children that ended, s. */
  readonly reaped: number
}

/** Reads `/proc/<pid>/stat`. The name in it may hold blanks and brackets: what counts is after the last one. */
export function parseProcessStat(text: string): ProcessTimes {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [parent, user, system, childrenUser, childrenSystem] = [1, 11, 12, 13, 14].map(at => Number(fields[at]))
  return {
    parent: parent ?? 0,
    own: ((user ?? 0) + (system ?? 0)) / ticksPerSecond,
    reaped: ((childrenUser ?? 0) + (childrenSystem ?? 0)) / ticksPerSecond
  }
}

export interface ProcessMemory {
  /** Resident now, bytes. */
  readonly now: number
  /** The most that was ever resident, bytes. */
  readonly peak: number
}

/** Reads `/proc/<pid>/status`. */
export function parseProcessStatus(text: string): ProcessMemory {
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') }
}

export interface MachineTimes {
  /** s, over all cores. */
  readonly busy: number
  readonly total: number
}

/** Reads the first line of `/proc/stat`. Time that the hypervisor took away is neither busy nor idle here. */
export function parseMachineStat(text: string): MachineTimes {
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupts = 0, soft = 0] = (
    /^cpu\s+(.*)$/m.exec(text)?.[1] ?? ''
  )
    .split(' ')
    .map(Number)
  const busy = user + nice + system + interrupts + soft
  return { busy: busy / ticksPerSecond, total: (busy + idle + waiting) / ticksPerSecond }
}

export const machineTimes = (): MachineTimes => parseMachineStat(readFileSync('/proc/stat', 'utf8'))

/** Undefined when there is no such process any more. */
export function processTimes(pid: number): ProcessTimes | undefined {
  const text = read(pid, 'stat')
  return text === undefined ? undefined : parseProcessStat(text)
}

export function processMemory(pid: number): ProcessMemory | undefined {
  const text = read(pid, 'status')
  return text === undefined ? undefined : parseProcessStatus(text)
}

/** Processor time of a server that forks: of itself, of its children that run, and of those that ended. */
export function familyTime(pid: number): number {
  const head = processTimes(pid)
  if (!head) return 0
  let sum = head.own + head.reaped
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const child = processTimes(Number(entry))
    if (child?.parent === pid) sum += child.own + child.reaped
  }
  return sum
}

function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}
