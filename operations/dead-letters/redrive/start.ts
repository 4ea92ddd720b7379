import { act, type Operator, resumeAction } from '../../actions/index.ts'
import { OperationsError } from '../../errors.ts'
import { type CatalogueParts, type LetterTopic, readCatalogue } from '../catalogue.ts'
import { exclusiveOf, groupTopics } from '../names.ts'
import { actionOfPlan, type FrozenPlan, findPlan, unfinishedRedrive } from '../store/index.ts'
import { type RedriveOutcome, type RedriveParts, type RedriveRequest, RedriveRun } from './run.ts'
import { endsOf } from './send.ts'

/**
 * Sends the letters of a plan to the redrive topic of their group: bytes as they are, in order for each aggregate, each
 * once. The same call after a kill continues the same action; what it had sent is found in the redrive topic.
 * @throws OperationsError `PLAN_UNKNOWN`, `PLAN_ENDED`, `PLAN_BLOCKED`, `TOPIC_CHANGED`, `ACTION_RUNNING`,
 *   `NOT_RECORDED` (nothing was sent), `ACTION_STOPPED`, `ACTION_LOST`; KafkaError, SendError: it can be continued
 */
export async function redrive(
  parts: RedriveParts,
  operator: Operator,
  request: RedriveRequest
): Promise<RedriveOutcome> {
  const { pool } = parts
  const { groupId, redrive: redriveTopic } = groupTopics(request)
  const topic = await readCatalogue(parts, request)
  const plan = await findPlan(pool, groupId, request.plan, 'redrive')
  requireSame(topic, plan, redriveTopic)
  const exclusive = exclusiveOf(groupId)
  const begun = await actionOfPlan(pool, plan.id)
  if (begun?.status === 'interrupted') {
    const { redriveTopicId, from = {} } = begun.target as { redriveTopicId?: string; from?: Record<string, number> }
    return await resumeAction(
      pool,
      operator,
      { id: begun.id, exclusive },
      action => {
        if (redriveTopicId !== topic.redriveTopicId) throw changed(redriveTopic)
        return new RedriveRun(parts, request, topic, plan, action).run(new Map(Object.entries(from)))
      },
      countsOf
    )
  }
  const from = Object.fromEntries((await endsOf(parts, redriveTopic)).entries())
  const { id, count, aggregates } = plan
  const target = { group: groupId, plan: id, letters: count, aggregates, redriveTopicId: topic.redriveTopicId, from }
  return await act(
    pool,
    operator,
    {
      operation: 'dead-letters redrive',
      target,
      reason: request.reason,
      exclusive,
      resumable: true,
      check: () => requireNew(parts, plan)
    },
    action => new RedriveRun(parts, request, topic, plan, action).run(undefined),
    countsOf
  )
}

const countsOf = ({ action: _, parked: __, ...counts }: RedriveOutcome) => counts

/** @throws OperationsError `PLAN_ENDED`, `PLAN_BLOCKED` */
export async function requireNew({ pool }: Pick<CatalogueParts, 'pool'>, plan: FrozenPlan): Promise<void> {
  const begun = await actionOfPlan(pool, plan.id)
  if (begun !== undefined)
    throw new OperationsError(
      'PLAN_ENDED',
      `Plan ${plan.id} was carried out by action ${begun.id} (${begun.status}); nothing was done. Make another plan for what is open now`
    )
  const other = await unfinishedRedrive(pool, plan.groupId)
  if (other !== undefined)
    throw new OperationsError(
      'PLAN_BLOCKED',
      `Action ${other.id} of this group was interrupted: \`eventtrail ${other.operation} --plan ${String(other.target.plan)}\` finishes it. Nothing was done`
    )
}

function requireSame(topic: LetterTopic, plan: FrozenPlan, redriveTopic: string): void {
  if (topic.topicId !== plan.topicId) throw changed(topic.topic)
  if (topic.redriveTopicId === undefined) throw noRedriveTopic(redriveTopic)
}

/** Why nothing can be sent to a group. */
export const noRedriveTopic = (topic: string): OperationsError =>
  new OperationsError(
    'TOPIC_CHANGED',
    `Kafka has no topic ${topic}: the group makes it when it starts, so start a member of this version`
  )

const changed = (topic: string): OperationsError =>
  new OperationsError('TOPIC_CHANGED', `The topic ${topic} was deleted and made again since the plan was made`)
