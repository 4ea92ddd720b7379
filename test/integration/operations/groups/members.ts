import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { controlTopics } from '../../../../control/index.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { eventually, type TestEnvironment } from '../../../support/stack.ts'
import { quiz, type testSchool } from '../../consumers/school.ts'

const member = fileURLToPath(new URL('../../consumers/member.ts', import.meta.url))
const dying = fileURLToPath(new URL('../../consumers/control/dying-member.ts', import.meta.url))

/** A member of a group in a process of its own. */
export interface Member {
  readonly child: ChildProcess
  /** The scores of the events that it handled, in the order in which it did. */
  readonly handled: readonly number[]
  readonly ended: Promise<unknown>
  kill(signal: NodeJS.Signals): Promise<void>
}

/** A group whose members are processes, and who orders them about with the CLI. */
export async function operated(
  school: Awaited<ReturnType<typeof testSchool>> & TestEnvironment,
  { partitions = 3, group = 'readers', sessionMs = 1_000 } = {}
) {
  const term = school.enrol()
  const { topicPrefix } = term
  const topic = `${topicPrefix}quiz.submitted`
  const groupId = topicPrefix + group
  await term.offer('quiz.submitted', partitions)
  await school.admin.createTopics(controlTopics(topicPrefix, 1))
  const env = { ...school.env, TOPIC_PREFIX: topicPrefix, GROUP: group, SESSION_MS: String(sessionMs) }
  return {
    term,
    topic,
    groupId,
    env,
    /** Ends with the test. @param die when it is to die of a rewind */
    async start(die?: 'before' | 'after'): Promise<Member> {
      const child = spawn(process.execPath, [die === undefined ? member : dying], {
        env: { ...process.env, ...env, ...(die !== undefined && { DIE: die }) },
        stdio: ['ignore', 'pipe', 'inherit']
      })
      const ended = once(child, 'exit')
      const kill = async (signal: NodeJS.Signals): Promise<void> => {
        child.kill(signal)
        await ended
      }
      onTestFinished(() => {
        if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      })
      let text = ''
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      await eventually(() => text.includes('assigned'), { what: 'the member has partitions', timeoutMs: 60_000 })
      return {
        ...{ child, ended, kill },
        get handled() {
          return [...text.matchAll(/^handled \S+ (\d+)$/gm)].map(([, score]) => Number(score))
        }
      }
    },
    publish: (from: number, to: number) =>
      term.publish(...Array.from({ length: to - from }, (_, index) => quiz(crypto.randomUUID(), from + index))),
    run: (...args: string[]) => runCli(['groups', ...args], env),
    /** How many partitions the group has committed to their ends. */
    async isCaughtUp(): Promise<boolean> {
      const commits = (await school.admin.groupCommits(groupId)).get(topic)
      return (await school.admin.ranges(topic)).every(
        ({ partition, end }) => (commits?.get(partition)?.offset ?? 0) === end
      )
    },
    members: async (count: number) => {
      await eventually(async () => (await school.admin.groupMembers(groupId)) === count, {
        what: `the group has ${count} members`,
        timeoutMs: 60_000
      })
    }
  }
}
