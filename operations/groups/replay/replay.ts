import type { Pool } from '../../../postgres/index.ts'
import { type ActionCounts, act, type RunningAction, resumeAction } from '../../actions/index.ts'
import { endsOf, exclusiveOf, noRedriveTopic, topicsOfGroup } from '../../dead-letters/index.ts'
import { OperationsError } from '../../errors.ts'
import { orderRewind } from '../actions.ts'
import { Orders } from '../orders.ts'
import type { ReplayPlan } from './find.ts'
import type { ReplayStep } from './plan.ts'
import { type FrozenReplay, type ReplayParts, ReplayRun, type Sent } from './run.ts'

/** What came of a replay. */
export interface ReplayResult extends Sent {
  readonly action: number
  /** Partitions whose rewind is ordered and not done yet. */
  readonly waiting: readonly ReplayStep[]
  readonly hasMembers: boolean
}

/**
 * Lets a group handle again what it has had since a time: what Kafka no longer has from the trail, through the redrive
 * topic of the group, and then, once the group has passed that, the rest by a rewind.
 * @throws OperationsError `NOT_RECORDED` (nothing was done), `REPLAY_BLOCKED`, `TOPIC_CHANGED`, `REPLAY_OVERTAKEN`,
 *   `ACTION_RUNNING`; and, to be continued, `ACTION_STOPPED`, `ACTION_LOST`, KafkaError, SendError, PostgresError
 */
export async function replayGroup(parts: ReplayParts, plan: ReplayPlan, reason: string): Promise<ReplayResult> {
  const { pool, operator, admin, group } = parts
  const topic = topicsOfGroup(group).redrive
  const redriveTopicId = (await admin.topicIds([topic])).get(topic)
  const isThere = (await admin.describeTopics([topic])).length > 0
  if (!isThere) throw noRedriveTopic(topic)
  const { since, until, steps } = plan
  const frozen: FrozenReplay = {
    ...{ since: since.toISOString(), until },
    steps: steps.map(({ topic, partition, eventName, from, below, to }) => ({
      ...{ topic, partition, eventName, from, below, to }
    })),
    redriveFrom: await endsOf(parts, topic)
  }
  return await act(
    pool,
    operator,
    {
      operation: 'groups replay',
      target: { group, redriveTopicId: redriveTopicId ?? null, ...frozen },
      reason,
      exclusive: exclusiveOf(group),
      resumable: true,
      check: async () => {
        const open = await unfinishedReplay(pool, group)
        if (open)
          throw new OperationsError(
            'REPLAY_BLOCKED',
            `Replay ${open.id} of this group was interrupted: \`eventtrail groups replay --continue\` finishes it. Nothing was done`
          )
      }
    },
    action => run(parts, topic, frozen, action, { isFirst: true }),
    countsOf
  )
}

/** Continues the replay of a group that was interrupted. @throws as {@link replayGroup} */
export async function continueReplay(parts: ReplayParts): Promise<ReplayResult> {
  const { pool, operator, admin, group } = parts
  const open = await unfinishedReplay(pool, group)
  if (!open)
    throw new OperationsError(
      'REPLAY_BLOCKED',
      `No replay of group ${group} was interrupted: leave out --continue, and say --from and --reason`
    )
  const topic = topicsOfGroup(group).redrive
  const { redriveTopicId, ...frozen } = open.target
  return await resumeAction(
    pool,
    operator,
    { id: open.id, exclusive: exclusiveOf(group) },
    async action => {
      if (redriveTopicId !== ((await admin.topicIds([topic])).get(topic) ?? null))
        throw new OperationsError(
          'TOPIC_CHANGED',
          `The topic ${topic} was deleted and made again since the replay began`
        )
      return await run(parts, topic, frozen, action, { isFirst: false })
    },
    countsOf
  )
}

async function run(
  parts: ReplayParts,
  topic: string,
  frozen: FrozenReplay,
  action: RunningAction,
  { isFirst }: { readonly isFirst: boolean }
): Promise<ReplayResult> {
  const replay = new ReplayRun(parts, topic, frozen, action)
  if (!isFirst) await replay.findSent()
  const sent = await replay.send()
  if (!(await replay.isPassed()))
    throw new OperationsError(
      'ACTION_STOPPED',
      'All events of the trail are sent, and the group has not handled them yet: once it does, `eventtrail groups replay --continue` orders the rewind to what Kafka has'
    )
  await requireKept(parts, frozen.steps)
  await action.requireHeld()
  const { client, log, topicPrefix, admin } = parts
  await using orders = await Orders.open({ client, log, topicPrefix }, admin)
  return { ...sent, ...(await orderRewind(parts, orders, frozen.steps, action.id)) }
}

/** Without a gap between what came from the trail and what Kafka has. @throws OperationsError `REPLAY_OVERTAKEN` */
async function requireKept({ admin }: ReplayParts, steps: readonly ReplayStep[]): Promise<void> {
  const ends = await admin.logEnds([...new Set(steps.map(({ topic }) => topic))])
  const gap = steps.find(({ topic, partition, to }) =>
    ends.some(each => each.topic === topic && each.partition === partition && each.start > to)
  )
  if (gap)
    throw new OperationsError(
      'REPLAY_OVERTAKEN',
      `Retention has removed events of ${gap.topic}/${gap.partition} from ${gap.to} on while those before them were replayed: the group was not rewound. Make another replay, from the time of what is missing`
    )
}

const countsOf = ({ events, unreadable, removed, waiting }: ReplayResult): ActionCounts => ({
  ...{ events, unreadable, removed },
  waiting: waiting.length
})

interface OpenReplay {
  readonly id: number
  readonly target: FrozenReplay & { readonly redriveTopicId: string | null }
}

async function unfinishedReplay(pool: Pool, group: string): Promise<OpenReplay | undefined> {
  const { rows } = await pool.query<Omit<OpenReplay, 'id'> & { readonly id: string }>(
    `SELECT id, target FROM operator_log
     WHERE operation = 'groups replay' AND target ->> 'group' = $1 AND status = 'interrupted' ORDER BY id DESC LIMIT 1`,
    [group]
  )
  const [row] = rows
  return row && { id: Number(row.id), target: row.target }
}
