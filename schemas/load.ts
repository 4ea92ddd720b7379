import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { OptionsError, parseJson, printable } from '../core/index.ts'
import type { AvroRecord } from './avro/index.ts'
import { checkEvolution, eventNameFault, versionFaults } from './check/index.ts'
import { type CatalogueData, catalogueOf } from './compile-catalogue.ts'
import { eventNamePattern } from './envelope.ts'
import { SchemaError } from './errors.ts'
import { type EventFields, type FieldMeaning, fieldFaults, meaningsOf } from './fields/index.ts'
import type { Catalogue, EventMap } from './types.ts'

export interface CatalogueProblem {
  readonly kind: 'SCHEMA_INVALID' | 'SCHEMA_INCOMPATIBLE'
  /** The file or folder at fault. */
  readonly file: string
  readonly message: string
}

export interface InspectedFolder {
  /** The events whose files are all valid, compatible or not. */
  readonly data: CatalogueData
  /** What `fields.json` says, of the events that have one. */
  readonly fields: ReadonlyMap<string, readonly FieldMeaning[]>
  readonly problems: readonly CatalogueProblem[]
}

/**
 * Reads a folder of schemas: `<event.name>/<version>.avsc`, versions 1, 2, 3 … without holes, and
 * `fields.json` next to them, which says what fields mean. Other files, and folders without schemas, are passed over.
 * @throws SchemaError `SCHEMA_INVALID` or `SCHEMA_INCOMPATIBLE` with every problem, naming the file;
 *   `CATALOGUE_UNREADABLE` when there is no such folder or no schema in it; OptionsError.
 */
export async function loadCatalogue<Events extends EventMap = EventMap>(dir: string): Promise<Catalogue<Events>> {
  if (typeof dir !== 'string' || dir === '') throw new OptionsError('dir', 'the path of a folder of schemas', dir)
  const { data, problems } = await inspectFolder(dir)
  const first = problems.find(problem => problem.kind === 'SCHEMA_INVALID') ?? problems[0]
  if (!first) return catalogueOf<Events>(data)
  throw new SchemaError(
    first.kind,
    problems.map(problem => printable(`${problem.file}: ${problem.message}`)).join('\n')
  )
}

/**
 * Reads a folder of schemas and reports everything that is wrong with it.
 * @throws SchemaError `CATALOGUE_UNREADABLE` as `loadCatalogue`.
 */
export async function inspectFolder(dir: string): Promise<InspectedFolder> {
  const data: Record<string, readonly AvroRecord[]> = {}
  const fields = new Map<string, readonly FieldMeaning[]>()
  const problems: CatalogueProblem[] = []
  let schemaFiles = 0
  for (const entry of await list(dir)) {
    if (!entry.isDirectory()) {
      if (entry.name.endsWith('.avsc'))
        problems.push(
          invalid(join(dir, entry.name), 'a schema belongs in a folder named after its event: <event.name>/1.avsc')
        )
      continue
    }
    const eventDir = join(dir, entry.name)
    const names = (await list(eventDir)).map(file => file.name)
    if (eventNamePattern.test(entry.name))
      for (const name of names.filter(isOtherSchema))
        problems.push(invalid(join(eventDir, name), 'is no schema of Avro: those are in files 1.avsc, 2.avsc …'))
    const files = names.filter(name => name.endsWith('.avsc'))
    if (files.length === 0) continue
    schemaFiles += files.length
    const event = await inspectEvent(eventDir, entry.name, files)
    problems.push(...event.problems)
    if (!event.versions) continue
    data[entry.name] = event.versions
    if (!names.includes(fieldsFile)) continue
    const read = await readFields(join(eventDir, fieldsFile), entry.name, event.versions)
    problems.push(...read.faults.map(fault => invalid(join(eventDir, fieldsFile), fault)))
    fields.set(entry.name, read.meanings)
  }
  if (schemaFiles === 0 && problems.length === 0)
    throw new SchemaError('CATALOGUE_UNREADABLE', `${dir} has no schemas; expected files <event.name>/1.avsc in it`)
  return { data, fields, problems }
}

async function inspectEvent(
  dir: string,
  eventName: string,
  files: readonly string[]
): Promise<{ versions?: readonly AvroRecord[]; problems: CatalogueProblem[] }> {
  const nameFault = eventNameFault(eventName)
  if (nameFault) return { problems: [invalid(dir, nameFault)] }
  const problems = files
    .filter(name => !/^[1-9]\d*\.avsc$/.test(name))
    .map(name => invalid(join(dir, name), 'a schema is named by its version: 1.avsc, 2.avsc …'))
  const numbers = files.map(name => Number.parseInt(name, 10)).filter(number => files.includes(`${number}.avsc`))
  const last = Math.max(0, ...numbers)
  const versions: AvroRecord[] = []
  for (let version = 1; version <= last; version += 1) {
    const file = join(dir, `${version}.avsc`)
    if (!numbers.includes(version)) {
      problems.push(invalid(file, `is missing, and there is a version ${last}: versions have no holes`))
      continue
    }
    const { schema, faults } = await readVersion(file, eventName)
    problems.push(...faults.map(fault => invalid(file, fault)))
    if (schema) versions.push(schema)
  }
  for (const [index, version] of versions.entries()) {
    if (index > 0 && problems.length === 0 && isDeepStrictEqual(version, versions[index - 1])) {
      const file = join(dir, `${index + 1}.avsc`)
      problems.push(invalid(file, `is the same as ${index}.avsc: remove it, or change something`))
    }
  }
  if (problems.length > 0) return { problems }
  const evolution = checkEvolution(versions, eventName).map(({ newer, message }) => ({
    kind: 'SCHEMA_INCOMPATIBLE' as const,
    file: join(dir, `${newer}.avsc`),
    message
  }))
  return { versions, problems: evolution }
}

async function readVersion(file: string, eventName: string): Promise<{ schema?: AvroRecord; faults: string[] }> {
  const { content: schema, fault } = await readJson(file)
  if (fault !== undefined) return { faults: [fault] }
  const faults = versionFaults(eventName, schema)
  return faults.length > 0 ? { faults } : { schema: schema as AvroRecord, faults }
}

async function readFields(
  file: string,
  eventName: string,
  versions: readonly AvroRecord[]
): Promise<{ readonly meanings: readonly FieldMeaning[]; readonly faults: readonly string[] }> {
  const { content, fault } = await readJson(file)
  const faults = fault === undefined ? fieldFaults(content, eventName, versions) : [fault]
  if (faults.length > 0) return { meanings: [], faults }
  return { meanings: meaningsOf(eventName, { subject: [], public: [], ...(content as Partial<EventFields>) }), faults }
}

async function readJson(file: string): Promise<{ readonly content?: unknown; readonly fault?: string }> {
  try {
    // Some editors put a byte order mark in front.
    return { content: parseJson((await readFile(file, 'utf8')).replace(/^\ufeff/, '')) }
  } catch (error) {
    return { fault: `cannot be read as JSON: ${(error as Error).message}` }
  }
}

async function list(dir: string) {
  try {
    const entries = await readdir(dir, { withFileTypes: true })
    return entries.sort((one, other) => (one.name < other.name ? -1 : 1))
  } catch (cause) {
    throw new SchemaError('CATALOGUE_UNREADABLE', `The folder of schemas ${dir} cannot be read`, { cause })
  }
}

const fieldsFile = 'fields.json'

/** Other kinds of schemas, as people name them. */
const isOtherSchema = (name: string): boolean => /\.(proto|avdl|avpr|xsd)$|^v?\d+\.(json|avro)$/.test(name)

const invalid = (file: string, message: string): CatalogueProblem => ({ kind: 'SCHEMA_INVALID', file, message })
