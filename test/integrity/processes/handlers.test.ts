import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { quiz, testSchool } from '../../integration/consumers/school.ts'
import { eventually } from '../../support/stack.ts'

const school = await testSchool()
const script = fileURLToPath(new URL('../../integration/consumers/member.ts', import.meta.url))
const aggregates = Array.from({ length: 6 }, () => randomUUID())

/** What members handled, in the order their lines came. */
class Witness {
  readonly seen = new Map<string, number[]>()
  count = 0
  /** The same by process id. */
  readonly counts = new Map<number | undefined, number>()
  /** How often members were given partitions, by process id. */
  readonly assigned = new Map<number | undefined, number>()

  note(pid: number | undefined, line: string): void {
    const [word, aggregate, number] = line.split(' ')
    if (word === 'assigned') this.assigned.set(pid, (this.assigned.get(pid) ?? 0) + 1)
    if (word !== 'handled' || !aggregate) return
    this.count += 1
    this.counts.set(pid, (this.counts.get(pid) ?? 0) + 1)
    this.seen.set(aggregate, [...(this.seen.get(aggregate) ?? []), Number(number)])
  }

  /** All of it, each aggregate's in order when seen for the first time. */
  check(perAggregate: number): void {
    const all = Array.from({ length: perAggregate }, (_, number) => number)
    expect(this.seen.size).toBe(aggregates.length)
    for (const numbers of this.seen.values()) {
      expect([...new Set(numbers)]).toEqual(all)
    }
  }
}

function member(env: Record<string, string>, witness: Witness): ChildProcess {
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  createInterface({ input: child.stdout }).on('line', line => witness.note(child.pid, line))
  return child
}

async function published(perAggregate: number) {
  const term = school.enrol()
  await term.offer('quiz.submitted', 3)
  for (let number = 0; number < perAggregate; number += 1)
    await Promise.all(aggregates.map(aggregateId => term.publish(quiz(randomUUID(), number, { aggregateId }))))
  return { ...school.env, TOPIC_PREFIX: term.topicPrefix, PAUSE_MS: '5' }
}

const timeoutMs = 40_000

test('a member that is killed is replaced: nothing is lost, order is kept', async () => {
  const env = { ...(await published(60)), GROUP: 'killed' }
  const witness = new Witness()
  const first = member(env, witness)
  await eventually(() => witness.count > 50, { what: 'the first member works' })
  first.kill('SIGKILL')
  member(env, witness)
  await eventually(() => [...witness.seen.values()].every(numbers => numbers.at(-1) === 59), {
    what: 'the second member handled the rest',
    timeoutMs
  })
  witness.check(60)
})

test('a member that was stopped for three session timeouts comes back and disturbs nothing', async () => {
  const env = { ...(await published(100)), GROUP: 'stopped' }
  const witness = new Witness()
  const first = member(env, witness)
  await eventually(() => witness.count > 50, { what: 'the first member works' })
  first.kill('SIGSTOP')
  const assigned = witness.assigned.get(first.pid) ?? 0
  const second = member(env, witness)
  await eventually(() => [...witness.seen.values()].every(numbers => numbers.at(-1) === 99), {
    what: 'the second member handled the rest',
    timeoutMs
  })
  const topic = `${env.TOPIC_PREFIX}quiz.submitted`
  const ends = new Map((await school.admin.ranges(topic)).map(({ partition, end }) => [partition, end]))
  await eventually(
    async () => {
      const offsets = await school.admin.groupOffsets(`${env.TOPIC_PREFIX}stopped`)
      return [...ends].every(([partition, end]) => end === (offsets.get(topic)?.get(partition) ?? 0))
    },
    { what: 'the second member has committed it all' }
  )
  const handled = witness.counts.get(first.pid) ?? 0
  first.kill('SIGCONT')
  await eventually(() => (witness.assigned.get(first.pid) ?? 0) > assigned, { what: 'the first is back', timeoutMs })
  for (const each of [first, second]) {
    each.kill('SIGTERM')
    await once(each, 'close')
  }
  witness.check(100)
  // What it was in the middle of ends, nothing else begins.
  expect((witness.counts.get(first.pid) ?? 0) - handled).toBeLessThanOrEqual(aggregates.length)
})
