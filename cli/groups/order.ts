import { printableJson, UsageError } from '../../core/index.ts'
import {
  type GroupActionParts,
  type GroupLook,
  pauseGroup,
  planRewind,
  type RewindTarget,
  requireOurs,
  resumeGroup,
  rewindGroup,
  type StoppedOn,
  scopeIn,
  shellOperator
} from '../../operations/index.ts'
import { onTrail } from '../../trail/index.ts'
import { type CommandContext, type ExitCode, exitCodes } from '../command.ts'
import { databaseOf } from '../connection.ts'
import { type CommandSources, lookAt, onKafka } from './sources.ts'
import { appliedInWords, planInLines, scopeInWords } from './words.ts'

export interface OrderFlags {
  readonly group: string
  readonly topic?: string
  readonly partition?: number
  readonly reason: string
  /** ms. */
  readonly wait: number
  readonly json?: boolean
}

export interface RewindFlags extends Omit<OrderFlags, 'reason'> {
  readonly reason?: string
  readonly to: RewindTarget
  readonly dryRun?: boolean
}

export async function pauseOrResume(
  context: CommandContext,
  what: 'pause' | 'resume',
  flags: OrderFlags
): Promise<ExitCode> {
  const { out, say } = context
  return await onKafka(context, async sources => {
    const look = await ourGroup(context, sources, flags)
    const scope = scopeIn(look, flags, sources.topicPrefix)
    const result = await ordering(context, sources, look, flags, parts =>
      what === 'pause' ? pauseGroup(parts, scope) : resumeGroup(parts, scope)
    )
    const { action, applied, lifted, left, stopped, state } = result
    if (flags.json) {
      const counts = { members: applied.by.length + applied.notYet.length, appliedBy: applied.by.length }
      out(
        printableJson({
          group: look.group,
          action,
          revision: state.revision,
          ...counts,
          pauses: state.pauses,
          stopped: namesOf(stopped)
        })
      )
    } else if (what === 'resume' && lifted.length + stopped.length === 0)
      out(`${look.group}: nothing within ${scopeInWords(scope)} was paused or stopped; ${appliedInWords(result)}`)
    else {
      const after = stopped.length === 0 ? '' : `, and ${namesOf(stopped).join(', ')}, which members had stopped`
      out(`${look.group}: ${scopeInWords(scope)} ${what}d${after}; ${appliedInWords(result)}`)
    }
    for (const { scope: wider, by } of left)
      say(`${scopeInWords(wider)} is still paused by ${by}, and ${scopeInWords(scope)} with it: resume that`)
    return applied.notYet.length === 0 && left.length === 0 ? exitCodes.ok : exitCodes.notOk
  })
}

export async function rewind(context: CommandContext, flags: RewindFlags): Promise<ExitCode> {
  const { out, say } = context
  const { reason = '' } = flags
  if (reason === '' && !flags.dryRun) throw new UsageError('--reason <text> is required without --dry-run')
  return await onKafka(context, async sources => {
    const look = await ourGroup(context, sources, flags)
    const plan = await planRewind(sources, look, scopeIn(look, flags, sources.topicPrefix), flags.to)
    if (!flags.json) for (const line of planInLines(plan)) out(line)
    if (plan.length === 0 || flags.dryRun) {
      if (flags.json) out(printableJson({ group: look.group, plan }))
      return exitCodes.ok
    }
    const { action, waiting, hasMembers } = await ordering(context, sources, look, { ...flags, reason }, parts =>
      rewindGroup(parts, plan)
    )
    if (flags.json) out(printableJson({ group: look.group, action, plan, waiting }))
    else if (waiting.length === 0) out(`${look.group}: done`)
    else if (!hasMembers) out(`${look.group}: ordered; no member runs: it is done when one starts`)
    else
      for (const { topic, partition } of waiting)
        say(`${topic}/${partition} is not done yet; it stays ordered, and \`eventtrail groups show\` shows it`)
    return waiting.length === 0 || !hasMembers ? exitCodes.ok : exitCodes.notOk
  })
}

const namesOf = (stopped: readonly StoppedOn[]): string[] => [...new Set(stopped.map(({ topic }) => topic))]

async function ourGroup(
  context: CommandContext,
  sources: CommandSources,
  flags: Pick<OrderFlags, 'group'>
): Promise<GroupLook> {
  const look = await lookAt(context, sources, flags.group)
  requireOurs(look)
  return look
}

/** Gives orders through the action log. */
function ordering<T>(
  context: CommandContext,
  sources: CommandSources,
  { group }: GroupLook,
  { reason, wait }: OrderFlags,
  order: (parts: GroupActionParts) => Promise<T>
): Promise<T> {
  const { config, log, signal } = context
  return onTrail(databaseOf(config), 'eventtrail-groups', pool =>
    order({ ...sources, ...{ pool, log, signal, group, reason }, operator: shellOperator(), waitMs: wait })
  )
}
