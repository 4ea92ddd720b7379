import type { Command } from 'commander'
import { defaultKeepMs, inboxSql, pruneInbox } from '../../consumers/index.ts'
import { isSchemaName, printableJson, schemaWords, UsageError } from '../../core/index.ts'
import { openSession } from '../../postgres/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag, wholeNumber } from '../command.ts'
import { databaseOf } from '../connection.ts'

const dayMs = 24 * 3_600_000

/** `eventtrail inbox`: the table of `context.once`, in the database of a service. */
export function inboxCommands(program: Command, host: CommandHost): void {
  const inbox = program.command('inbox').description('the table with which handlers make their effects happen once')

  inbox
    .command('sql')
    .description('print the SQL that creates the table, for a migration tool of your own; asks no server')
    .option('--schema <name>', 'schema of the table (default: where search_path leads)')
    .action(host.action((context, flags: { readonly schema?: string }) => printSql(context, flags)))

  host
    .connect(inbox.command('prune'), 'databaseUrl')
    .description('remove what was handled long ago; safe to run at any time')
    .option(
      '--keep-days <n>',
      'days for which a handled event is remembered: longer than it may come again',
      wholeNumber(1, 36_500),
      defaultKeepMs / dayMs
    )
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nGroups whose handlers give `once` a pool do this by themselves. An event that comes again after its row was removed is handled again.'
    )
    .action(host.action((context, flags: PruneFlags) => prune(context, flags), { finishes: true }))
}

async function printSql(context: CommandContext, { schema }: { readonly schema?: string }): Promise<ExitCode> {
  if (schema !== undefined && !isSchemaName(schema)) throw new UsageError(`--schema: expected ${schemaWords}`)
  for (const line of (await inboxSql(schema)).trimEnd().split('\n')) context.out(line)
  return exitCodes.ok
}

interface PruneFlags {
  readonly keepDays: number
  readonly json?: boolean
}

async function prune(context: CommandContext, { keepDays, json }: PruneFlags): Promise<ExitCode> {
  const { config, signal } = context
  const session = await openSession(databaseOf(config), { applicationName: 'eventtrail-inbox' })
  try {
    const removed = await pruneInbox(session, { keepMs: keepDays * dayMs, signal })
    context.out(json ? printableJson({ removed }) : `inbox: removed ${removed.toLocaleString('en')} rows`)
  } finally {
    await session.end()
  }
  return exitCodes.ok
}
