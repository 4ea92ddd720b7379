import type { Command } from 'commander'
import { printableJson } from '../../core/index.ts'
import { personsOfStored } from '../../operations/index.ts'
import { onTrail, showQuarantined } from '../../trail/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag, wholeNumber } from '../command.ts'
import { databaseOf } from '../connection.ts'
import { connectDisclosing, disclosed, statementOf } from '../disclosure.ts'

interface ShowFlags {
  readonly json?: boolean
}

/** `eventtrail quarantine show` */
export function showCommand(quarantine: Command, host: CommandHost): void {
  connectDisclosing(host, quarantine.command('show'), 'databaseUrl')
    .argument('<number>', 'number of the record in `quarantine list`', wholeNumber())
    .description('show one record with its bytes (base64) and headers, which may be personal data: recorded')
    .option(...jsonFlag)
    .action(host.action((context, number: number, flags: ShowFlags) => show(context, number, flags)))
}

async function show(context: CommandContext, number: number, flags: ShowFlags): Promise<ExitCode> {
  statementOf(context.config)
  return onTrail(databaseOf(context.config), 'eventtrail-quarantine', async pool => {
    const { key, value, ...rest } = await showQuarantined(pool, number)
    const json = printableJson(
      { ...rest, key: key?.toString('base64') ?? null, value: value?.toString('base64') ?? null },
      flags.json ? undefined : 2
    )
    const { eventId } = rest
    const persons = eventId === null ? undefined : (await personsOfStored(pool, [eventId])).get(eventId)
    await disclosed(context, pool, { tool: 'quarantine show', request: { number } }, async disclosure => {
      disclosure.count({ id: eventId ?? undefined, persons })
      for (const line of json.split('\n')) context.out(line)
      return undefined
    })
    return exitCodes.ok
  })
}
