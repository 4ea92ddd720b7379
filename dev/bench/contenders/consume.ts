import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pause } from '../../../core/index.ts'
import { startScript } from '../children.ts'
import { BenchError } from '../errors.ts'
import type { Servers } from '../types.ts'

/** What a consumer has to do. */
export interface ConsumeWork {
  readonly eventNames: readonly string[]
  /** How many there are. */
  readonly events: number
  /** ms that each call of the handler takes; 0: it does nothing. */
  readonly handlerMs: number
  /** Default: the group's. */
  readonly concurrency?: number
  /** Default: the group's. */
  readonly maxEvents?: number
}

/** What a consumer has done, from its first event to its last. */
export interface ConsumeReport {
  readonly events: number
  readonly seconds: number
  /** Processor time of its process, s. */
  readonly processor: number
  /** Bytes, the most that was resident since the process began. */
  readonly peakMemory: number
}

/** Who consumes: kafkajs's `eachBatch` with decoding, a group with a handler of one event, one of many. */
export type Consumer = 'raw' | 'group' | 'batch'

const longestMs = 5 * 60_000

/**
 * With the setting of Node that the image and the units of systemd have (decision 0035), and without the memory that
 * stripping types takes, which what is published does without.
 */
const asDeployed = ({ logs }: Servers) => ({
  NODE_OPTIONS: '--max-semi-space-size=16',
  NODE_COMPILE_CACHE: join(logs, 'compile-cache')
})

/**
 * Starts a consumer that reads from the start, and waits until it has handled everything.
 * @param id of the group; different with each turn
 * @throws BenchError `CHILD_FAILED`, `STALLED`
 */
export async function consume(
  servers: Servers,
  who: Consumer,
  { id, prefix, work, signal }: { id: string; prefix: string; work: ConsumeWork; signal: AbortSignal }
): Promise<ConsumeReport> {
  const file = join(servers.scratch, `${id}.json`)
  const child = startScript('contenders/consume-child.ts', [who, id, prefix, JSON.stringify(work), file], {
    logs: servers.logs,
    adopt: servers.adopt,
    env: { ...servers.env, ...asDeployed(servers), LOG_LEVEL: 'warn' },
    name: `consume ${id}`
  })
  try {
    for (const until = performance.now() + longestMs; !existsSync(file); ) {
      if (child.hasEnded) throw child.failure()
      if (performance.now() > until || !(await pause(100, signal)))
        throw new BenchError('STALLED', `${id}: not all events were handled within five minutes`)
    }
    // It may still be writing.
    await pause(100)
    const report = JSON.parse(readFileSync(file, 'utf8')) as ConsumeReport
    if (report.events !== work.events)
      throw new BenchError('COUNTS_DIFFER', `${id}: ${report.events} events were handled of ${work.events}`)
    return report
  } finally {
    await child.stop()
    rmSync(file, { force: true })
  }
}
