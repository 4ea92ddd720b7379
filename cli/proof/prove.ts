import type { Command } from 'commander'
import { proveEvent } from '../../audit/index.ts'
import { printableJson } from '../../core/index.ts'
import {
  type Disclosure,
  type Ending,
  operationsMigrations,
  personFieldsOf,
  personsOf
} from '../../operations/index.ts'
import { requireTables } from '../../postgres/index.ts'
import { uuidOf } from '../../schemas/index.ts'
import { onTrail, readFieldMeanings } from '../../trail/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag, parsed } from '../command.ts'
import { databaseOf } from '../connection.ts'
import { connectDisclosing, disclosed, statementOf } from '../disclosure.ts'
import { openOutput } from '../trail/index.ts'
import { sourceOf, storeOf } from './export.ts'

interface ProveFlags {
  readonly out: string
  readonly json?: boolean
}

function asUuid(text: string): string {
  const id = uuidOf(text)
  if (id === undefined) throw new Error('expected the id of an event, a UUID')
  return id
}

/** `eventtrail proof prove` */
export function proveCommand(proof: Command, host: CommandHost): void {
  connectDisclosing(host, proof.command('prove'), 'databaseUrl', 'proofStore')
    .argument('<event-id>', 'id of the event', parsed(asUuid))
    .description('write the proof of one event into a file, with its row and no other event; recorded')
    .requiredOption('--out <file>', 'a new file, by custom .eventproof, or - for stdout')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nWho has trust.txt verifies it with `node verify.mjs FILE.eventproof --trust trust.txt`.\nThe event must be in the log: it is a few seconds after it is stored. All rows of its stretch are read, without an index on their offsets.'
    )
    .action(host.action((context, id: string, flags: ProveFlags) => run(context, id, flags), { finishes: true }))
}

async function run(context: CommandContext, id: string, { out: file, json }: ProveFlags): Promise<ExitCode> {
  const { config, signal } = context
  statementOf(config)
  const store = await storeOf(context)
  return onTrail(databaseOf(config), 'eventtrail-proof', async pool => {
    await requireTables(pool, operationsMigrations)
    const fields = personFieldsOf(await readFieldMeanings(pool))
    const output = await openOutput(file, context.stdout)
    const give = async (disclosure: Disclosure): Promise<Ending> => {
      const { text, row, entry } = await proveEvent(sourceOf(context, pool), store, id)
      const { eventName, aggregateId, payload } = row
      disclosure.count({ id, persons: personsOf(fields, { eventName, aggregateId, payload }) })
      await output.write(Buffer.from(text))
      const written = await output.finish()
      if (file !== '-') context.out(json ? printableJson({ file, entry, event: eventName }) : `${file}: entry ${entry}`)
      return { complete: true, ...written }
    }
    const request = { event: id, ...(output.file !== undefined && { file }) }
    try {
      await disclosed(context, pool, { tool: 'proof prove', request }, give)
    } catch (error) {
      await output.discard()
      if (signal.aborted) return exitCodes.interrupted
      throw error
    }
    return exitCodes.ok
  })
}
