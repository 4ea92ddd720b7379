import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { v4 } from 'uuid'
import { inboxMigrations } from '../../../../consumers/index.ts'
import { below, randomFrom } from '../../../../dev/demo/day/random.ts'
import { groupTopics, makePlan, type Operator, type RedriveOutcome, redrive } from '../../../../operations/index.ts'
import { migrate } from '../../../../postgres/migrate.ts'
import { nodeFlags } from '../../../support/processes/node-flags.ts'
import { eventually } from '../../../support/stack.ts'
import { type TestTrail, testTrail } from '../../../support/trail.ts'
import { endedWithTest } from '../processes/child.ts'
import { checkEffects, type Effect } from './check.ts'
import { failureOf } from './failures.ts'

const script = fileURLToPath(new URL('./member.ts', import.meta.url))
const operator: Operator = { actor: 'test@test', verified: false, via: 'code' }

const group = 'effects'

export interface StageOptions {
  readonly policy: 'skip' | 'park'
  readonly kind: 'single' | 'batch'
  readonly seed: string
  readonly aggregates: number
  /** Events of each aggregate. */
  readonly turns: number
}

/** A stage with servers' parts of its own. Called at the top of a file. */
export async function stageOf(options: StageOptions): Promise<EffectsStage> {
  const trail = await testTrail({ partitions: 6 })
  await trail.offer('quiz.submitted')
  const session = await trail.db.connect()
  try {
    await migrate(session, inboxMigrations)
    await session.query(
      'CREATE TABLE effects (number bigserial PRIMARY KEY, aggregate uuid NOT NULL, turn int NOT NULL)'
    )
  } finally {
    session.release()
  }
  return new EffectsStage(trail, options)
}

/** A group of several processes whose handlers fail, what it was given, and what it did. */
export class EffectsStage {
  readonly #trail: TestTrail
  readonly #options: StageOptions
  readonly #members = new Set<ChildProcess>()
  readonly #groupId: string
  readonly aggregates: readonly string[]
  #isRepaired = false

  constructor(trail: TestTrail, options: StageOptions) {
    this.#trail = trail
    this.#options = options
    this.#groupId = trail.topicPrefix + group
    const random = randomFrom(`${options.seed} ${options.policy} ${options.kind}`)
    const bytes = () => Uint8Array.from({ length: 16 }, () => below(256, random()))
    this.aggregates = Array.from({ length: options.aggregates }, () => v4({ random: bytes() }))
  }

  toString(): string {
    return `${this.#options.policy}, ${this.#options.kind}`
  }

  /** Publishes some turns of all aggregates, the aggregates alternating. */
  async publish(from: number, to: number): Promise<void> {
    for (let turn = from; turn < to; turn += 1) {
      const events = this.aggregates.map(aggregateId => ({
        eventName: 'quiz.submitted',
        aggregateId,
        payload: { submission_id: v4(), student_id: v4(), quiz_id: v4(), score_raw: turn }
      }))
      await this.#trail.publish(events)
    }
  }

  start(count: number): void {
    const { policy, kind, seed } = this.#options
    const args = [...nodeFlags, script, group, policy, kind, seed, this.#isRepaired ? 'repaired' : 'broken']
    for (let each = 0; each < count; each += 1) {
      const child = spawn(process.execPath, args, {
        env: { ...process.env, ...this.#trail.env },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc']
      })
      void endedWithTest(child).then(() => this.#members.delete(child))
      this.#members.add(child)
    }
  }

  /** Kills one of the members, and starts another in its place. */
  async killOne(): Promise<void> {
    const [child] = this.#members
    child?.kill('SIGKILL')
    if (child) await once(child, 'close')
    this.start(1)
  }

  /** Ends all members as a deployment does, and starts as many with handlers that do not fail. */
  async repair(): Promise<void> {
    const all = [...this.#members]
    for (const child of all) child.kill('SIGTERM')
    await Promise.all(all.map(child => child.exitCode ?? once(child, 'close')))
    this.#isRepaired = true
    this.start(all.length)
  }

  async effects(): Promise<Effect[]> {
    return (await this.#trail.rows('SELECT aggregate, turn FROM effects ORDER BY number')) as unknown as Effect[]
  }

  /** How many effects there are. */
  count(): Promise<number> {
    return this.#trail.count('effects')
  }

  /** Waits until the handlers have done so many. */
  async done(count: number, timeoutMs = 1_200_000): Promise<void> {
    await eventually(async () => (await this.count()) >= count, { what: `${count} effects`, timeoutMs })
  }

  /** Waits until the group has committed all that is in its topics. */
  async caughtUp(timeoutMs = 1_200_000): Promise<void> {
    const { admin, topicPrefix } = this.#trail
    const { redrive: redriveTopic } = groupTopics({ topicPrefix, group })
    await eventually(
      async () => {
        const offsets = await admin.groupOffsets(this.#groupId)
        const topics = [`${topicPrefix}quiz.submitted`, redriveTopic]
        const behind = await Promise.all(
          topics.map(async topic =>
            (await admin.ranges(topic)).filter(
              ({ partition, end }) => end > 0 && (offsets.get(topic)?.get(partition) ?? 0) < end
            )
          )
        )
        return behind.flat().length === 0
      },
      { what: 'the group has committed all', timeoutMs }
    )
  }

  /** Redrives all that is open, as `eventtrail dead-letters redrive --all` does. @returns undefined where nothing is */
  async redrive(): Promise<RedriveOutcome | undefined> {
    const { kafka: client, admin, db: pool, topicPrefix } = this.#trail
    await using reader = client.logReader()
    await using sender = await client.connectSender()
    const parts = { client, admin, pool, reader, sender }
    const name = { topicPrefix, group }
    const made = await makePlan(parts, operator, { ...name, operation: 'redrive', filter: {}, again: false })
    if (!made.plan) return undefined
    return await redrive(parts, operator, {
      ...name,
      plan: made.plan.id,
      reason: 'repaired',
      perSecond: 100_000,
      wait: true,
      signal: new AbortController().signal
    })
  }

  /** @param turns how many of each aggregate were published */
  async violations(turns: number, isRedriven: boolean): Promise<string[]> {
    const { policy, seed } = this.#options
    const failure = (aggregate: string, turn: number) => failureOf(seed, aggregate, turn)
    return checkEffects(await this.effects(), {
      aggregates: this.aggregates,
      turns,
      policy,
      isRedriven,
      failureOf: failure
    })
  }
}
