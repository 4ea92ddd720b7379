import type { Command } from 'commander'
import { printableJson } from '../../core/index.ts'
import { personsOfStored, showLetter } from '../../operations/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, wholeNumber } from '../command.ts'
import { connectDisclosing, disclosed, statementOf } from '../disclosure.ts'
import { addGroupFlags, type GroupFlags } from './flags.ts'
import { bookOf, withParts } from './parts.ts'

interface ShowFlags extends GroupFlags {
  readonly content?: boolean
}

/** `eventtrail dead-letters show` */
export function showCommand(letters: Command, host: CommandHost): void {
  addGroupFlags(
    connectDisclosing(host, letters.command('show'), 'brokers', 'registryUrl', 'databaseUrl', 'topicPrefix')
  )
    .argument('<offset>', 'offset of the letter in `dead-letters list`', wholeNumber(0))
    .description('show one letter: headers, whether it can be read today, what became of it')
    .option(
      '--content',
      'also key, value (base64) and all headers, which may be personal data: recorded, needs --party and --purpose'
    )
    .action(host.action((context, offset: number, flags: ShowFlags) => show(context, offset, flags)))
}

async function show(context: CommandContext, offset: number, flags: ShowFlags): Promise<ExitCode> {
  const { content = false } = flags
  if (content) statementOf(context.config)
  return withParts(context, flags, async parts => {
    const { pool, topicPrefix, group } = parts
    const { eventId, ...shown } = await showLetter(
      { ...parts, book: bookOf(context, pool) },
      { ...parts, offset, content }
    )
    const print = async (): Promise<undefined> => {
      for (const line of printableJson(shown, flags.json ? undefined : 2).split('\n')) context.out(line)
    }
    if (!content) {
      await print()
      return exitCodes.ok
    }
    const stored = eventId === undefined ? undefined : (await personsOfStored(pool, [eventId])).get(eventId)
    const asked = { tool: 'dead-letters show', request: { group: topicPrefix + group, offset } }
    await disclosed(context, pool, asked, disclosure => {
      disclosure.count({ id: eventId, persons: stored })
      context.say('key, value and headers may be personal data; who looks at them is recorded')
      return print()
    })
    return exitCodes.ok
  })
}
