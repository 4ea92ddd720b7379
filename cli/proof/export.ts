import type { Command } from 'commander'
import { BundleFolder, type TileStore, writeBundle } from '../../audit/index.ts'
import { counted, printableJson } from '../../core/index.ts'
import {
  type Disclosure,
  type Ending,
  operationsMigrations,
  personFieldsOf,
  personsOf
} from '../../operations/index.ts'
import { type Pool, requireTables } from '../../postgres/index.ts'
import { onTrail, readFieldMeanings } from '../../trail/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag, parsed } from '../command.ts'
import { databaseOf } from '../connection.ts'
import { connectDisclosing, disclosed, statementOf } from '../disclosure.ts'
import { keepHeapSmall } from '../small-heap.ts'
import { logPlaces } from './places.ts'

interface ExportFlags {
  readonly out: string
  readonly month?: string
  readonly withoutRows?: boolean
  readonly json?: boolean
}

const application = 'eventtrail-proof'

function asMonth(text: string): string {
  if (!/^(?!0000)\d{4}-(0[1-9]|1[0-2])$/.test(text)) throw new Error('expected a month such as 2026-11')
  return text
}

/** `eventtrail proof export` */
export function exportCommand(proof: Command, host: CommandHost): void {
  connectDisclosing(host, proof.command('export'), 'databaseUrl', 'proofStore')
    .description('write a bundle for an auditor: log, lists and rows of one moment, to verify elsewhere; recorded')
    .requiredOption('--out <folder>', 'a new folder; it has its name once it is whole')
    .option(
      '--month <month>',
      'only rows that were recorded in this month (UTC), such as 2026-11, and the rest of their entries',
      parsed(asMonth)
    )
    .option('--without-rows', 'log and lists alone: no content')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      '\nThe auditor verifies it with `node verify.mjs FOLDER --trust trust.txt`, which needs neither database nor network.\nThe role eventtrail_reader may do this, and record it with the role eventtrail_operator.'
    )
    .action(host.action((context, flags: ExportFlags) => run(context, flags), { finishes: true }))
}

async function run(context: CommandContext, flags: ExportFlags): Promise<ExitCode> {
  const { out, month, withoutRows = false, json } = flags
  const { config, signal } = context
  statementOf(config)
  keepHeapSmall()
  const store = await storeOf(context)
  return onTrail(databaseOf(config), application, async pool => {
    await requireTables(pool, operationsMigrations)
    const fields = personFieldsOf(await readFieldMeanings(pool))
    const folder = await BundleFolder.create(out)
    const request = { folder: out, rows: !withoutRows, ...(month !== undefined && { month }) }
    const give = async (disclosure: Disclosure): Promise<Ending> => {
      try {
        const { manifest, bytes, sha256 } = await writeBundle({
          source: sourceOf(context, pool),
          store,
          folder,
          month,
          rows: !withoutRows,
          onRow({ id, eventName, aggregateId, payload }) {
            // The payload is read only where a field in it names a person.
            const persons = fields.has(eventName)
              ? personsOf(fields, { eventName, aggregateId, payload: payload() })
              : undefined
            disclosure.count({ id, persons })
          },
          async keepUp(rows) {
            signal.throwIfAborted()
            await disclosure.keepUp()
            if (context.interactive) context.draw(`\r\x1b[K${rows.toLocaleString('en-US')} rows written`)
          }
        })
        if (json) context.out(printableJson({ folder: out, sha256: sha256.toString('hex'), ...manifest }))
        else {
          const { counts, size, unsealed, origin } = manifest
          context.out(`${out}: ${counted(counts.rows, 'row')}, ${entries(size)} of ${origin}`)
          if (unsealed > 0) context.out(`${entries(unsealed)} without a place in the log yet`)
          context.out(`SHA-256 of manifest.json, which has those of all files: ${sha256.toString('hex')}`)
        }
        return { complete: true, bytes, sha256 }
      } catch (error) {
        await folder.discard()
        if (signal.aborted) return { complete: false }
        throw error
      }
    }
    const ended = await disclosed(context, pool, { tool: 'proof export', request }, give).catch(async error => {
      await folder.discard()
      throw error
    })
    if (context.interactive) context.draw('\r\x1b[K')
    if (ended.complete) return exitCodes.ok
    context.say(`the export was broken off, which disclosure ${ended.number} has; nothing of it was kept`)
    return exitCodes.interrupted
  })
}

const entries = (count: number): string => (count === 1 ? '1 entry' : `${count} entries`)

/** The first place of the log. @throws ConfigError `CONFIG_MISSING`; UsageError, AuditError */
export async function storeOf({ config, say }: CommandContext): Promise<TileStore> {
  const [first] = await logPlaces(config, words => say(`eventtrail proof: ${words}`))
  return first
}

/** Where the rows of the trail are read, and on which pool. */
export const sourceOf = ({ config, signal }: CommandContext, pool: Pool) => ({
  database: databaseOf(config),
  pool,
  applicationName: application,
  signal
})
