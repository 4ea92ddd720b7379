import { counted, printableJson, table, UsageError } from '../../core/index.ts'
import {
  continueReplay,
  planReplay,
  type ReplayParts,
  type ReplayPlan,
  type ReplayResult,
  replayGroup,
  requireOurs,
  scopeIn,
  shellOperator
} from '../../operations/index.ts'
import { onTrail } from '../../trail/index.ts'
import { type CommandContext, type ExitCode, exitCodes } from '../command.ts'
import { databaseOf } from '../connection.ts'
import { lookAt, onKafka } from './sources.ts'

export interface ReplayFlags {
  readonly group: string
  readonly from?: Date
  readonly topic?: string
  readonly rate: number
  readonly wait: number
  readonly reason?: string
  readonly dryRun?: boolean
  readonly continue?: boolean
  readonly json?: boolean
}

const reportEveryMs = 5_000

/** `eventtrail groups replay`. */
export async function replay(context: CommandContext, flags: ReplayFlags): Promise<ExitCode> {
  const { config, log, signal, out, say } = context
  const { from, reason, dryRun, json } = flags
  if (flags.continue ? from !== undefined || dryRun : from === undefined)
    throw new UsageError('Expected either --from <time>, or --continue without --from and --dry-run')
  if (reason === undefined && !flags.continue && !dryRun)
    throw new UsageError('--reason <text> is required without --dry-run and --continue')
  return await onKafka(context, async sources => {
    const look = await lookAt(context, sources, flags.group)
    requireOurs(look)
    return await onTrail(databaseOf(config), 'eventtrail-groups', async pool => {
      const { topic } = scopeIn(look, flags.topic === undefined ? {} : { topic: flags.topic }, sources.topicPrefix)
      const plan = from && (await planReplay(sources, pool, look, { since: from, topic }))
      if (plan && !json) for (const line of planInLines(plan)) out(line)
      if (plan && dryRun) {
        if (json) out(printableJson({ group: look.group, plan }))
        return exitCodes.ok
      }
      await using sender = await sources.client.connectSender()
      let reported = performance.now()
      const onProgress = (sent: number): void => {
        if (performance.now() - reported < reportEveryMs) return
        reported = performance.now()
        say(`eventtrail groups replay: ${counted(sent, 'event')} of the trail sent`)
      }
      const parts: ReplayParts = {
        ...{ ...sources, pool, log, signal, sender, onProgress },
        ...{ group: look.group, operator: shellOperator(), perSecond: flags.rate, waitMs: flags.wait }
      }
      const result = plan ? await replayGroup(parts, plan, reason ?? '') : await continueReplay(parts)
      if (json) out(printableJson({ group: look.group, ...(plan && { plan }), ...result }))
      else for (const line of resultInLines(look.group, result)) out(line)
      const isWhole = result.unreadable === 0 && (result.waiting.length === 0 || !result.hasMembers)
      return isWhole ? exitCodes.ok : exitCodes.notOk
    })
  })
}

function planInLines({ steps, aggregates, quarantined, lost, since }: ReplayPlan): string[] {
  const rows = steps.map(({ topic, partition, from, below, to, events, again }) => [
    ...[`${topic}/${partition}`, from === undefined ? '' : String(from)],
    ...[below > 0 ? `${events} below ${below}` : '', String(to), String(again)]
  ])
  const events = steps.reduce((sum, step) => sum + step.events, 0)
  return [
    ...table([['PARTITION', 'IS AT', 'FROM THE TRAIL', 'THEN READS ON AT', 'COME AGAIN'], ...rows]),
    `since ${since.toISOString()}: ${counted(events, 'event')} of ${counted(aggregates, 'aggregate')} from the trail, then from Kafka`,
    ...(quarantined > 0 ? [`${quarantined} are in quarantine, and do not come from the trail`] : []),
    ...(lost > 0 ? [`${lost} were removed from Kafka before the trail had them, and do not come`] : [])
  ]
}

function resultInLines(group: string, { events, unreadable, removed, waiting, hasMembers }: ReplayResult): string[] {
  const rewound = !hasMembers
    ? 'its rewind to what Kafka has is ordered, and done when a member starts'
    : waiting.length === 0
      ? 'reads on in Kafka'
      : `its rewind is ordered and not done in ${counted(waiting.length, 'partition')}: \`eventtrail groups show\` shows where`
  return [
    `${group}: has had ${counted(events, 'event')} from the trail; ${rewound}`,
    ...(removed > 0 ? [`${removed} were taken out of the trail meanwhile, and did not come`] : []),
    ...(unreadable > 0 ? [`${unreadable} cannot be written with a schema that the trail has, and did not come`] : [])
  ]
}
