import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Documents } from '../../consumers/indexer/index.ts'
import type { Mails } from '../../consumers/notifier/index.ts'
import { parseJson, UsageError } from '../../core/index.ts'
import type { Catalogue, EventMap } from '../../schemas/index.ts'
import { documentsOf } from './documents.ts'
import { MappingError } from './errors.ts'
import { RuleFault } from './rule-parts.ts'
import { mailsOf } from './rules.ts'

/** Where mappings come from: flags that indexer and notifier have. */
export interface MappingFlags {
  readonly mappings?: string
  readonly example?: boolean
}

const exampleFile = fileURLToPath(new URL('../../examples/school/mappings.json', import.meta.url))

/**
 * The documents of the file that `--mappings` names: the export `documents` of a module, or the key of a JSON file.
 * @throws MappingError; UsageError where none are given
 */
export const loadDocuments = (flags: MappingFlags, catalogue: Catalogue): Promise<Documents<EventMap>> =>
  load('documents', flags, rules => documentsOf(rules, catalogue))

/** The mails of that file. @throws MappingError; UsageError where none are given */
export const loadMails = (flags: MappingFlags, catalogue: Catalogue): Promise<Mails<EventMap>> =>
  load('mails', flags, rules => mailsOf(rules, catalogue))

async function load<Part extends object>(
  part: 'documents' | 'mails',
  { mappings, example }: MappingFlags,
  compile: (rules: unknown) => Part
): Promise<Part> {
  const file = mappings ?? (example ? exampleFile : undefined)
  if (file === undefined)
    throw new UsageError(
      `no ${part} are given: describe them in a file and name it with --mappings <file>, or try the example with --example`
    )
  try {
    if (!file.endsWith('.json')) return partOf(await import(pathToFileURL(resolve(file)).href), part) as Part
    return compile(partOf(parseJson(await readFile(file, 'utf8')), part))
  } catch (error) {
    throw new MappingError(file, error instanceof RuleFault ? error.path : [], (error as Error).message)
  }
}

function partOf(from: unknown, part: string): unknown {
  const found = typeof from === 'object' && from !== null ? (from as Record<string, unknown>)[part] : undefined
  if (found === undefined) throw new Error(`it has no ${part}`)
  return found
}
