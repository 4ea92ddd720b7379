import {
  type AvroSchema,
  envelopeFault,
  eventNameOf,
  isRegistryRefusal,
  type RegisteredSchema,
  type Registry,
  RegistryError
} from '../../schemas/index.ts'

/** What a subject is to the trail of one event name. */
export type SubjectLook =
  /** One of its versions is the event's envelope. `fault`: its latest version is none, and why. */
  | { readonly kind: 'ours'; readonly latest: RegisteredSchema | undefined; readonly fault?: string }
  /** Its latest version looks like an envelope, and is none of this event. */
  | { readonly kind: 'almost'; readonly fault: string }
  | { readonly kind: 'other' }
  /** The registry lists it, and has no version of it: it was deleted. */
  | { readonly kind: 'gone' }

/** Older versions that are looked at where the latest is no envelope. */
const olderVersions = 50

/**
 * Looks whether any version of a subject is the envelope of an event: a schema that is registered later must not
 * silence the event. @throws RegistryError what is no answer about the subject
 */
export async function lookAtSubject(registry: Registry, subject: string, eventName: string): Promise<SubjectLook> {
  const latest = await answered(() => registry.latest(subject))
  if (latest === 'refused') return { kind: 'almost', fault: 'cannot be read: the registry refuses it' }
  if (latest === 'gone') return { kind: 'gone' }
  const fault = faultOf(latest === 'unsupported' ? undefined : latest.schema, eventName)
  if (latest !== 'unsupported' && fault === undefined) return { kind: 'ours', latest }
  const versions = await answered(() => registry.versions(subject))
  if (!Array.isArray(versions)) return { kind: 'gone' }
  for (const version of versions.toSorted((a, b) => b - a).slice(1, 1 + olderVersions)) {
    const older = await answered(() => registry.schemaAt(subject, version))
    if (typeof older === 'string' || eventNameOf(older.schema) !== eventName) continue
    return {
      kind: 'ours',
      latest: undefined,
      fault: fault ?? (latest === 'unsupported' ? 'is no Avro schema' : 'is no envelope of an event')
    }
  }
  return typeof fault === 'string' ? { kind: 'almost', fault } : { kind: 'other' }
}

/** Undefined: it is the envelope. Null: it does not look like one. */
function faultOf(schema: AvroSchema | undefined, eventName: string): string | null | undefined {
  if (schema === undefined) return null
  const name = eventNameOf(schema)
  if (name === eventName) return undefined
  // The same event under another prefix is none of this sink's.
  if (name !== undefined) return eventName.endsWith(`.${name}`) ? null : 'is the envelope of another event'
  return envelopeFault(schema) ?? null
}

async function answered<T>(ask: () => Promise<T>): Promise<T | 'gone' | 'unsupported' | 'refused'> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'SUBJECT_UNKNOWN') return 'gone'
    if (error instanceof RegistryError && error.code === 'SCHEMA_UNSUPPORTED') return 'unsupported'
    // One that we may not read is not the others' fault.
    if (isRegistryRefusal(error)) return 'refused'
    throw error
  }
}
