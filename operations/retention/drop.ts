import type { ArchiveStore } from '../../archive/index.ts'
import type { Pool } from '../../postgres/index.ts'
import type { Signing } from '../../trail/index.ts'
import { act, type Operator, type RunningAction, resumeAction } from '../actions/index.ts'
import { OperationsError } from '../errors.ts'
import { archiveMonth } from './archive.ts'
import type { Month } from './month.ts'
import { type DropPlan, type PlanParts, planDrop, requireThere } from './plan.ts'
import { removeMonth, stopped } from './remove.ts'
import { dropOperation, stepsOf, unfinishedDrops } from './steps.ts'

export interface DropParts extends PlanParts {
  /** Needed where the trail is proved. */
  readonly signing?: Signing
  /** ms for which locks that others hold are waited for. Default 600,000. */
  readonly patienceMs?: number
}

export interface DropRequest {
  readonly month: Month
  readonly reason: string
  /** Where the month is archived before it is dropped. Default: nowhere. */
  readonly archive?: { readonly address: string; readonly store: ArchiveStore } | undefined
}

export interface DropResult {
  /** The number in operator_log. */
  readonly action: number
  readonly month: string
  readonly rows: number
  /** Where the archive is; null: there is none. */
  readonly archive: string | null
}

/**
 * Drops a month: refuses one that does not add up, is under a hold or too young, archives it where that is asked for, records
 * what goes, and drops it. The same
 * call after a kill continues the same action.
 * @throws OperationsError `MONTH_UNKNOWN`, `MONTH_KEPT`, `MONTH_CHANGED`, `MONTH_LOCKED`, `ACTION_RUNNING`,
 *   `ACTION_STOPPED`, `NOT_RECORDED` (nothing was done); ArchiveError, a database error: it can be continued
 */
export async function dropMonth(parts: DropParts, operator: Operator, request: DropRequest): Promise<DropResult> {
  const { pool } = parts
  const { month, reason } = request
  const exclusive = `retention of ${month.name}`
  const check = async () => requireDroppable(await planDrop(parts, month))
  const run = (action: RunningAction) => dropRecorded(parts, request, action)
  const address = request.archive?.address ?? null
  // One with another archive has dropped nothing, and stays as it is.
  const unfinished = (await unfinishedDrops(pool)).find(each => each.month === month.name && each.archive === address)
  if (unfinished?.status === 'interrupted')
    return resumeAction(
      pool,
      operator,
      { id: unfinished.id, exclusive },
      async action => {
        const dropped = await droppedBy(pool, month, action.id)
        if (dropped) return dropped
        // A hold may have been placed since.
        await check()
        return run(action)
      },
      countsOf
    )
  // Asked before: what Kafka answers is no fault of the log of operators.
  await check()
  return act(
    pool,
    operator,
    {
      operation: dropOperation,
      target: { month: month.name, archive: address },
      reason,
      exclusive,
      resumable: true,
      // Another process may have dropped it since.
      check: () => requireThere(pool, month)
    },
    run,
    countsOf
  )
}

const countsOf = ({ action: _, ...counts }: DropResult) => ({ ...counts })

/** @throws OperationsError `MONTH_KEPT` */
export function requireDroppable({ month, refusals }: DropPlan): void {
  if (refusals.length === 0) return
  throw new OperationsError('MONTH_KEPT', [`${month.name} was not dropped`, ...refusals].join('\n  '))
}

/** What an action had done before it was interrupted: it was killed between the drop and its result. */
async function droppedBy(pool: Pool, month: Month, action: number): Promise<DropResult | undefined> {
  const done = (await stepsOf(pool, action)).find(({ step }) => step === 'dropped')
  return (
    done && {
      action,
      month: month.name,
      rows: Number(done.detail.rows),
      archive: (done.detail.archive as string | undefined) ?? null
    }
  )
}

/** Archives that one call writes while late events of the month come in. */
const mostArchives = 3

async function dropRecorded(parts: DropParts, request: DropRequest, action: RunningAction): Promise<DropResult> {
  const { pool, patienceMs = 600_000, onProgress, signal, signing } = parts
  const { month, reason, archive } = request
  const common = { pool, month, onProgress, signal }
  for (let attempt = 1; ; attempt += 1) {
    const archived = archive && (await archiveMonth({ ...common, store: archive.store, action }))
    if (signal.aborted) throw stopped(month)
    await action.requireHeld()
    try {
      const rows = await removeMonth({ ...common, reason, action: action.id, patienceMs, archived, signing })
      return { action: action.id, month: month.name, rows, archive: archived?.address ?? null }
    } catch (error) {
      // Late events came between the archive and the drop.
      if (!(error instanceof OperationsError && error.code === 'MONTH_CHANGED') || attempt === mostArchives) throw error
    }
  }
}
