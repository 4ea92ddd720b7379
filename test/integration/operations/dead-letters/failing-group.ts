import { randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { createConsumerGroup } from '../../../../consumers/index.ts'
import { groupTopics } from '../../../../operations/index.ts'
import { catalogue, type Events } from '../../../../schemas/catalogue/index.ts'
import { type CliResult, runCli } from '../../../support/processes/cli.ts'
import type { TestTrail } from '../../../support/trail.ts'

/** A group that fails for what it is asked to fail for, and what its handler has done: turns by aggregate. */
export async function failingGroup(trail: TestTrail, name: string, policy: 'skip' | 'park' = 'park') {
  const fails = new Set<string>()
  const done = new Map<string, number[]>()
  const start = async () => {
    const group = createConsumerGroup<Events>({
      connection: trail.connection,
      catalogue,
      topicPrefix: trail.topicPrefix,
      group: name,
      sessionTimeoutMs: 2_000,
      topicRefreshMs: 300,
      commitIntervalMs: 100,
      retry: { attempts: 1 },
      breaker: false,
      deadLetters: { policy },
      handlers: {
        'quiz.submitted': ({ aggregate_id: aggregate, payload: { score_raw: turn } }) => {
          if (fails.has(`${aggregate} ${turn}`)) throw new TypeError('as planned')
          done.set(aggregate, [...(done.get(aggregate) ?? []), turn])
        }
      }
    })
    onTestFinished(() => group.close())
    await group.start()
    return group
  }
  const publish = async (aggregates: readonly string[], from: number, to: number) => {
    for (let turn = from; turn < to; turn += 1)
      await trail.publish(
        aggregates.map(aggregateId => ({
          eventName: 'quiz.submitted',
          aggregateId,
          payload: { submission_id: randomUUID(), student_id: randomUUID(), quiz_id: randomUUID(), score_raw: turn }
        }))
      )
  }
  const run = (command: string, ...args: string[]): Promise<CliResult> =>
    runCli(['dead-letters', command, '--group', name, ...args], trail.env)
  /** The answer of a command, of one object. */
  const json = async (command: string, ...args: string[]) => {
    const { stdout, stderr } = await run(command, '--json', ...args)
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout)
  }
  const topics = groupTopics({ topicPrefix: trail.topicPrefix, group: name })
  return { fails, done, start, publish, run, json, topics }
}
