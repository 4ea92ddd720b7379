import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { eventually } from '../../../support/stack.ts'
import type { TestTrail } from '../../../support/trail.ts'
import type { Published } from '../check/facts.ts'
import { journalPartitions, type LoadCounts, readJournal } from '../check/journal.ts'
import { evidence, settings } from '../settings.ts'
import { endedWithTest } from './child.ts'

const script = fileURLToPath(new URL('./publisher.ts', import.meta.url))
/** What the publisher publishes. */
export const loadEvents = ['badge.awarded', 'quiz.submitted'] as const

export interface LoadOptions {
  /** Events a second. Default 500. */
  readonly rate?: number
  /** Default 200. */
  readonly aggregates?: number
  /** Of the topics. Default 3. */
  readonly partitions?: number
  /** Other servers than the trail's, or DELIVERY_TIMEOUT_MS, REQUEST_TIMEOUT_MS and BUFFER_MAX_RECORDS of the publisher. */
  readonly env?: Readonly<Record<string, string>>
}

/** A publisher in a process of its own, and its journal. */
export interface Load {
  readonly pid: number
  readonly counts: Readonly<LoadCounts>
  /** The folder of its journal. */
  readonly journal: string
  /** Lets every call have its answer, and ends the process. */
  stop(): Promise<void>
  /** What it got as the answer for every event; after `stop`. */
  published(): Published[]
}

let loads = 0

/** Starts to publish; resolves when the first events are acknowledged. */
export async function startLoad(trail: TestTrail, options: LoadOptions = {}): Promise<Load> {
  const { rate = 500, aggregates = 200, partitions = 3, env = {} } = options
  const journal = evidence(`journal-${trail.topicPrefix}${++loads}`)
  const args = [rate, aggregates, partitions, journal, `${settings.seed} ${loads}`].map(String)
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, ...trail.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc']
  })
  const closed = endedWithTest(child)
  let counts: LoadCounts = { called: 0, stored: 0, unknown: 0, failed: 0 }
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', line => {
    counts = JSON.parse(line) as LoadCounts
  })
  await eventually(() => counts.stored > 0, { what: 'the first events are acknowledged', timeoutMs: 60_000 })
  return {
    pid: child.pid ?? 0,
    get counts() {
      return counts
    },
    journal,
    async stop() {
      child.kill('SIGTERM')
      const [code] = await closed
      if (code !== 0) throw new Error(`the publisher ended with ${code}`)
    },
    published: () => journalPartitions(journal).flatMap(partition => readJournal(journal, partition))
  }
}
