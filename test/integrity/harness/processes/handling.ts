import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { nodeFlags } from '../../../support/processes/node-flags.ts'
import { eventually } from '../../../support/stack.ts'
import type { TestTrail } from '../../../support/trail.ts'
import type { GroupEffects, Partition } from '../check/facts.ts'
import { journalLines } from '../check/journal.ts'
import { evidence, folder } from '../settings.ts'
import { endedWithFile, endedWithTest } from './child.ts'
import { loadEvents } from './load.ts'

const script = fileURLToPath(new URL('./handling-process.ts', import.meta.url))
/** Without the prefix. */
export const handlingGroup = 'handling'

/** A consumer group with handlers for what the load publishes, in a process of its own. */
export interface Handling {
  readonly pid: number
  /** Waits until it has handled and committed all that is in Kafka, and ends it. */
  finish(): Promise<void>
  /** What its handlers were given of a partition; after `finish`. */
  effects(only: Partition): GroupEffects
}

/** Starts the group in a test, with which it ends; resolves when it has its partitions. */
export const startHandling = (trail: TestTrail, env: Readonly<Record<string, string>> = {}): Promise<Handling> =>
  handlingIn(evidence(`handling-${trail.topicPrefix}`), endedWithTest, trail, env)

/** The same outside of tests: it ends with the last test of the file. */
export const startHandlingOfFile = (trail: TestTrail): Promise<Handling> =>
  handlingIn(folder(`handling-${trail.topicPrefix}`), endedWithFile, trail, {})

async function handlingIn(
  journal: string,
  endedWith: typeof endedWithTest,
  trail: TestTrail,
  env: Readonly<Record<string, string>>
): Promise<Handling> {
  const child = spawn(process.execPath, [...nodeFlags, script, journal], {
    env: { ...process.env, ...trail.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  const closed = endedWith(child)
  const group = trail.topicPrefix + handlingGroup
  const topics = loadEvents.map(name => trail.topicPrefix + name)
  await eventually(async () => (await trail.admin.groupMembers(group)) === 1, {
    what: 'the group has its member',
    timeoutMs: 60_000
  })
  return {
    pid: child.pid ?? 0,
    async finish() {
      const all = eventually(
        async () => {
          const offsets = await trail.admin.groupOffsets(group)
          const behind = await Promise.all(
            topics.map(async topic => {
              const ranges = await trail.admin.ranges(topic)
              return ranges.filter(({ partition, end }) => end > 0 && offsets.get(topic)?.get(partition) !== end)
            })
          )
          return behind.flat().length === 0
        },
        { what: 'the group has handled all', timeoutMs: 300_000 }
      )
      const died = closed.then(([code, signal]) => {
        throw new Error(`the group ended by itself: ${code ?? signal}`)
      })
      await Promise.race([all, died])
      child.kill('SIGTERM')
      const [code] = await closed
      if (code !== 0) throw new Error(`the group ended with ${code}`)
    },
    effects(only) {
      const handled = journalLines(journal, only).map(line => {
        const [id = '', aggregateId = ''] = line.split(' ')
        return { topic: only.topic, id, aggregateId }
      })
      return { group, topics: [only.topic], handled }
    }
  }
}
