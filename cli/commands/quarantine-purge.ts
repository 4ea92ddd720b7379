import type { Command } from 'commander'
import { counted, printableJson, UsageError } from '../../core/index.ts'
import { act, shellOperator } from '../../operations/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { countPurgeable, onTrail, purgeAfterDays, purgeQuarantine } from '../../trail/index.ts'
import {
  type CommandContext,
  type CommandHost,
  type ExitCode,
  exitCodes,
  jsonFlag,
  reason,
  wholeNumber
} from '../command.ts'
import { databaseOf, withWhoMay } from '../connection.ts'

interface PurgeFlags {
  readonly olderThan: number
  readonly reason?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

const asOwner = withWhoMay(
  'bytes are removed from quarantine by the owner of the tables, who runs `eventtrail migrate`. Use that login in DATABASE_URL'
)

/** The longest age: a hundred years. */
const mostDays = 36_500

/** `eventtrail quarantine purge` */
export function purgeCommand(quarantine: Command, host: CommandHost): void {
  host
    .connect(quarantine.command('purge'), 'databaseUrl')
    .description(
      'remove key, value and headers of records that were stored or discarded long ago; the SHA-256 of the value stays'
    )
    .option('--older-than <days>', 'days since they were resolved', wholeNumber(0, mostDays), purgeAfterDays)
    .option('--dry-run', 'count them, and do nothing else')
    .option(
      '--reason <text>',
      'why; kept with the records and in operator_actions (required without --dry-run)',
      reason
    )
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nRecords that are held stay whole: store or discard them first. It needs the login of the owner of the tables, and may run as a job.'
    )
    .action(host.action((context, flags: PurgeFlags) => purge(context, flags), { finishes: true }))
}

async function purge(
  context: CommandContext,
  { olderThan: days, reason, dryRun, json }: PurgeFlags
): Promise<ExitCode> {
  if (dryRun === (reason !== undefined))
    throw new UsageError(dryRun ? '--dry-run does nothing that needs a --reason' : '--reason is required')
  return onTrail(databaseOf(context.config), 'eventtrail-quarantine', async pool => {
    const found = await countPurgeable(pool, days)
    const purged = reason === undefined ? null : await purgeRecorded(pool, days, reason)
    if (json) context.out(printableJson({ purged, days, ...found }))
    else {
      const [count, words] = purged === null ? [found.old, 'would be removed'] : [purged, 'removed']
      context.out(`bytes of ${counted(count, 'record')} ${words}, resolved more than ${counted(days, 'day')} ago`)
      context.say(
        `bytes of ${counted(found.young, 'record')} resolved later and of ${counted(found.held, 'record')} that ${found.held === 1 ? 'is' : 'are'} held stay`
      )
    }
    return exitCodes.ok
  }).catch(asOwner)
}

const purgeRecorded = (pool: Pool, days: number, reason: string): Promise<number> =>
  act(
    pool,
    shellOperator(),
    { operation: 'quarantine purge', target: { olderThanDays: days }, reason },
    () => purgeQuarantine(pool, days, reason),
    purged => ({ purged })
  )
