import { setTimeout as delay } from 'node:timers/promises'
import type { Child } from '../../processes/index.ts'
import { BenchError } from '../errors.ts'
import type { Servers } from '../types.ts'
import { familyTime, machineTimes, processMemory, processTimes } from './proc.ts'
import type { Sample } from './samples.ts'

const everyMs = 50
const stallMs = 60_000

export interface MeterOptions {
  readonly servers: Servers
  /** The contender's processes. */
  readonly children: readonly Child[]
  /** Anything that grows with the rows stored, from 0. */
  readonly progress: () => Promise<number>
  /** Whether that was all, given what `progress` answered last. */
  readonly finished: (progress: number) => boolean | Promise<boolean>
  readonly signal: AbortSignal
  /** Added to the processor time of the children: of one that lives longer than a turn. */
  readonly baseline?: number
}

/** A contender's run: `rows` of each sample is what `progress` answered. */
export interface Metered {
  readonly samples: readonly Sample[]
  /** Bytes; the sum of the children's peaks. */
  readonly peakMemory: number
}

/**
 * Looks at the contender and the servers twenty times a second until it has stored everything.
 * @throws BenchError `CHILD_FAILED` when one of its processes ends before that, `STALLED`
 */
export async function meter(options: MeterOptions): Promise<Metered> {
  const { children, progress, finished, signal, baseline = 0 } = options
  const start = serverTimes(options.servers)
  const samples: Sample[] = []
  const lastTimes = new Map<number, number>()
  const peaks = new Map<number, number>()
  let movedAt = performance.now()
  let furthest = 0
  for (;;) {
    const fallen = children.find(child => child.hasEnded && !child.hasSucceeded)
    const rows = await progress()
    let memory = 0
    for (const { pid } of children) {
      const times = processTimes(pid)
      if (times) lastTimes.set(pid, times.own + times.reaped)
      const used = processMemory(pid)
      memory += used?.now ?? 0
      if (used) peaks.set(pid, Math.max(peaks.get(pid) ?? 0, used.peak))
    }
    const now = serverTimes(options.servers)
    const at = performance.now()
    samples.push({
      at,
      rows,
      client: sum(lastTimes.values()) - baseline,
      postgres: now.postgres - start.postgres,
      broker: now.broker - start.broker,
      busy: now.busy,
      total: now.total,
      memory
    })
    if (await finished(rows)) break
    if (fallen) throw fallen.failure()
    if (signal.aborted) throw new BenchError('STALLED', 'interrupted')
    if (rows > furthest) {
      furthest = rows
      movedAt = at
    }
    if (at - movedAt > stallMs) {
      throw new BenchError('STALLED', `${children.map(({ name }) => name).join(', ')}: nothing was stored for a minute`)
    }
    await delay(everyMs)
  }
  return { samples, peakMemory: sum(peaks.values()) }
}

function serverTimes({ kafkaPid, postgresPid }: Servers) {
  const broker = processTimes(kafkaPid)
  return { broker: broker?.own ?? 0, postgres: familyTime(postgresPid), ...machineTimes() }
}

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0)
