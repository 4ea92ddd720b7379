import { type Command, Option } from 'commander'
import { UsageError } from '../../core/index.ts'
import { catalogue as exampleCatalogue, fieldMeanings as exampleFields } from '../../schemas/catalogue/index.ts'
import {
  type Catalogue,
  type CatalogueData,
  type FieldMeaning,
  inspectFolder,
  loadCatalogue
} from '../../schemas/index.ts'
import type { Config } from '../config.ts'

/** Which schemas a command works on: the flag that {@link addCatalogueFlags} adds. */
export interface CatalogueFlags {
  readonly example?: boolean
}

/** The same for commands with `--from <dir>`. */
export interface FolderFlags extends CatalogueFlags {
  readonly from?: string
}

/** A catalogue as it is, right or wrong. */
interface Inspected {
  readonly data: CatalogueData
  readonly problems: readonly { readonly file: string; readonly message: string }[]
}

/** Adds `--example`, and `--from` as another name of `--schemas` where a command has always had it. */
export function addCatalogueFlags(command: Command, { from = false, mappings = false } = {}): Command {
  if (from) command.option('--from <dir>', 'folder of event schemas (the same as --schemas)')
  const example = `use the events of a school that come with eventtrail as an example (${exampleCatalogue.eventNames.join(', ')})${mappings ? ', with their mappings' : ''}`
  return command.addOption(
    new Option('--example', example).conflicts(
      // The `--from` of others is not a folder.
      from ? ['schemas', 'from'] : ['schemas']
    )
  )
}

/**
 * The catalogue that the flags or the configuration name.
 * @param from the folder of `--from`, where that is one: the sender of mails has a flag of that name too
 * @throws UsageError that says how to begin when they name none
 */
export async function configuredCatalogue(config: Config, flags: CatalogueFlags, from?: string): Promise<Catalogue> {
  return flags.example ? exampleCatalogue : loadCatalogue(schemasFolder(config, from))
}

/** What the fields of its events mean, by event name. @throws UsageError */
export async function configuredFields(
  config: Config,
  { example, from }: FolderFlags
): Promise<ReadonlyMap<string, readonly FieldMeaning[]>> {
  return example ? exampleFields : (await inspectFolder(schemasFolder(config, from))).fields
}

/** The catalogue with its faults. @throws UsageError */
export async function inspectCatalogue(config: Config, flags: FolderFlags): Promise<Inspected> {
  return flags.example ? { data: exampleData(), problems: [] } : await inspectFolder(schemasFolder(config, flags.from))
}

/** @throws UsageError */
function schemasFolder(config: Config, from: string | undefined): string {
  const folder = from ?? config.get('schemasDir')
  if (folder) return folder
  throw new UsageError(
    'no schemas are given: name your folder with --schemas <dir> or EVENTTRAIL_SCHEMAS, write a first one with `eventtrail init`, or try the example events with --example'
  )
}

const exampleData = (): CatalogueData =>
  Object.fromEntries(
    exampleCatalogue.eventNames.map(name => [name, exampleCatalogue.versions(name).map(({ payload }) => payload)])
  )
