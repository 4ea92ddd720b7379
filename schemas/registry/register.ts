import { isDeepStrictEqual } from 'node:util'
import type { AvroSchema } from '../avro/index.ts'
import { eventNameOf } from '../envelope.ts'
import { RegistryError, SchemaError } from '../errors.ts'
import type { Catalogue, EventVersion } from '../types.ts'
import type { Registry } from './registry.ts'

/** The subject that holds the versions of an event's envelope. */
export const subjectOf = (eventName: string, prefix = ''): string => `${prefix}${eventName}-value`

/** What became of one version. */
export interface Registration {
  readonly eventName: string
  readonly version: number
  readonly subject: string
  readonly id: number
  /** The number that the registry gave it: what is stored with every event. */
  readonly registeredVersion: number
  readonly state: 'registered' | 'there already'
}

/**
 * Registers every version of every event in order, each subject with FULL_TRANSITIVE. Doing it again changes nothing.
 * A version is found by its content: the numbers of files and those of the registry are two things.
 * @param onForeign called where the latest version of a subject is no envelope of its event
 * @throws RegistryError; the versions before the one that was refused are registered then.
 * @throws SchemaError `VERSION_TAKEN` when a version was edited after it was registered.
 */
export async function* registerCatalogue(
  catalogue: Catalogue,
  registry: Registry,
  prefix = '',
  onForeign: (words: string) => void = () => undefined
): AsyncGenerator<Registration> {
  for (const eventName of catalogue.eventNames) {
    const subject = subjectOf(eventName, prefix)
    const files = catalogue.versions(eventName)
    const registered = await registeredSchemas(registry, subject)
    const { edited } = matched(files, registered)
    const latest = Math.max(0, ...registered.keys())
    const strays = foreignVersions(registered, eventName).filter(version => version === latest)
    for (const version of strays) onForeign(foreignFault(eventName, version, subject))
    await registry.setCompatibility(subject, 'FULL_TRANSITIVE')
    for (const version of files) {
      if (edited.includes(version)) throw new SchemaError('VERSION_TAKEN', editedFault(version))
      const known = await registry.lookup(subject, version.envelope)
      const { id, version: registeredVersion } = known ?? (await registry.register(subject, version.envelope))
      const state = known ? 'there already' : 'registered'
      yield { eventName, version: version.version, subject, id, registeredVersion, state }
    }
  }
}

/** How the files of an event compare with what is registered, by content. */
interface Matched {
  /** Registered under their number, and differing from it. */
  readonly edited: readonly EventVersion[]
  /** Not registered. */
  readonly added: readonly EventVersion[]
  /** Numbers in the registry of schemas that no file has. */
  readonly missing: readonly number[]
}

function matched(files: readonly EventVersion[], registered: ReadonlyMap<number, AvroSchema>): Matched {
  const stray = new Set(
    [...registered].filter(([, schema]) => !files.some(file => isSame(file, schema))).map(([number]) => number)
  )
  const unmatched = files.filter(file => ![...registered.values()].some(schema => isSame(file, schema)))
  const edited = unmatched.filter(({ version }) => stray.has(version))
  const added = unmatched.filter(file => !edited.includes(file))
  return { edited, added, missing: [...stray].filter(number => !edited.some(({ version }) => version === number)) }
}

/** Versions of a subject that are no envelope of its event. */
function foreignVersions(registered: ReadonlyMap<number, AvroSchema>, eventName: string): number[] {
  return [...registered].filter(([, schema]) => eventNameOf(schema) !== eventName).map(([version]) => version)
}

const foreignFault = (eventName: string, version: number, subject: string): string =>
  `${eventName}: version ${version} of ${subject} in the registry is no envelope of this event: another program registered it, and records written with it are not stored as events. Delete that version from the registry`

const editedFault = ({ eventName, version }: EventVersion): string =>
  `${eventName} version ${version} differs from the one that is registered. A published version is never edited: put it back, and make the change a new version`

/** How a catalogue compares with what is registered. */
export interface Comparison {
  /** What is wrong, in words. */
  readonly faults: readonly string[]
  /** What is not registered yet: `order.placed version 2`. */
  readonly unregistered: readonly string[]
}

/**
 * Compares a catalogue with what is registered: published versions must be as they were, and
 * the registry must take the new ones.
 */
export async function checkAgainstRegistry(catalogue: Catalogue, registry: Registry, prefix = ''): Promise<Comparison> {
  const faults: string[] = []
  const unregistered: string[] = []
  for (const eventName of catalogue.eventNames) {
    const subject = subjectOf(eventName, prefix)
    const registered = await registeredSchemas(registry, subject)
    const { edited, added, missing } = matched(catalogue.versions(eventName), registered)
    faults.push(...edited.map(editedFault))
    const foreign = foreignVersions(registered, eventName)
    faults.push(...foreign.map(version => foreignFault(eventName, version, subject)))
    for (const number of missing.filter(each => !foreign.includes(each)))
      faults.push(`${eventName}: version ${number} of the registry is in no file of the catalogue: add its file`)
    unregistered.push(...added.map(({ version }) => `${eventName} version ${version}`))
    if (edited.length === 0 && missing.length === 0)
      faults.push(...(await newVersionFaults(registry, subject, eventName, added)))
  }
  return { faults, unregistered }
}

async function newVersionFaults(
  registry: Registry,
  subject: string,
  eventName: string,
  added: readonly EventVersion[]
): Promise<string[]> {
  const faults: string[] = []
  for (const { version, envelope } of added) {
    const { compatible, messages } = await registry.compatible(subject, envelope)
    if (!compatible) faults.push([`the registry would refuse ${eventName} version ${version}`, ...messages].join(': '))
  }
  return faults
}

async function registeredSchemas(registry: Registry, subject: string): Promise<Map<number, AvroSchema>> {
  const schemas = new Map<number, AvroSchema>()
  try {
    for (const version of await registry.versions(subject))
      schemas.set(version, (await registry.schemaAt(subject, version)).schema)
  } catch (error) {
    if (!(error instanceof RegistryError) || error.code !== 'SUBJECT_UNKNOWN') throw error
  }
  return schemas
}

const isSame = (file: EventVersion, registered: AvroSchema | undefined): boolean =>
  isDeepStrictEqual(JSON.parse(JSON.stringify(file.envelope)), registered)
