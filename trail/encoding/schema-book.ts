import { few, pause } from '../../core/index.ts'
import type { Pool } from '../../postgres/index.ts'
import {
  type AvroSchema,
  eventNameOf,
  type RegisteredSchema,
  type Registry,
  RegistryError,
  SchemaError,
  writerType
} from '../../schemas/index.ts'
import { type RecordFault, TrailError } from '../errors.ts'
import { compileRowEncoder, type RowEncoder } from '../rows/index.ts'
import { type KeptSchemas, keptSchemas } from './kept-schemas.ts'

/** How to read the values that name one schema id in one topic. */
export interface KnownSchema {
  readonly kind: 'known'
  /**
   * Its versions in the subject. Mostly one; one that was deleted and registered again has several. What is stored is
   * the one that the event names.
   */
  readonly versions: readonly number[]
  readonly encode: RowEncoder
}

/** The id cannot be used in this topic: its records are quarantined. */
export interface UnusableSchema {
  readonly kind: 'unusable'
  readonly fault: RecordFault
  /** Until when this is believed without asking again, ms since 1970. */
  readonly until: number
}

export interface SchemaBookOptions {
  readonly registry: Registry
  /** The database of the trail, which keeps its own copy. Default: none, the registry alone is asked. */
  readonly pool?: Pool
  /** Whether that copy gets what the registry has. Default true; false for a login that may only read. */
  readonly keeps?: boolean
  /** ms for which an unusable id is not asked for again. Default 30,000. */
  readonly unusableForMs?: number
}

/**
 * The schemas that the sink has met, by subject and id (one id can be in several subjects with different
 * versions). Each is also written into the trail, so that the trail can be read without a registry, and so that a
 * registry which gives an old id to a new schema is noticed.
 */
export class SchemaBook {
  readonly #options: SchemaBookOptions
  readonly #entries = new Map<string, KnownSchema>()
  /** In the order in which they were learnt. Values may name any of four billion ids: so many are kept at most. */
  readonly #unusable = new Map<string, UnusableSchema>()
  readonly #learning = new Map<string, Promise<KnownSchema | UnusableSchema>>()
  readonly #kept: Pick<KeptSchemas, 'of' | 'keep' | 'compare'>
  readonly #doubts = new Map<string, { readonly versions: Set<number>; readonly until: number }>()
  #generation = 0

  /** Why the schemas that were asked for last are not known yet. */
  readonly #waiting = new Map<string, string>()

  constructor(options: SchemaBookOptions) {
    this.#options = options
    this.#kept = keptSchemas(options)
  }

  /** Counts up when what {@link find} gave before is not to be used any more. */
  get generation(): number {
    return this.#generation
  }

  /** What records wait for, in words: each that could not be learnt at the last try, and why. */
  get waiting(): readonly string[] {
    const reasons = Map.groupBy(this.#waiting, ([, why]) => why)
    return [...reasons].map(([why, keys]) => {
      const topics = few([...new Set(keys.map(([key]) => topicOf(key)))])
      return `records of ${topics} wait for their schema: ${why}`
    })
  }

  /** What is known without asking anybody; undefined means {@link learn}. */
  find(subject: string, id: number): KnownSchema | UnusableSchema | undefined {
    const key = keyOf(subject, id)
    const known = this.#entries.get(key)
    if (known) return known
    const unusable = this.#unusable.get(key)
    return unusable && unusable.until >= performance.now() ? unusable : undefined
  }

  /**
   * Asks the registry, once for any number of callers. When it is unreachable, or has forgotten, the trail's own copy
   * serves.
   * @throws RegistryError whatever is no answer about the id; a database error (both worth a retry)
   * @throws TrailError `SCHEMA_CHANGED` when the id was that of another schema before
   */
  learn(subject: string, eventName: string, id: number): Promise<KnownSchema | UnusableSchema> {
    const key = keyOf(subject, id)
    const known = this.#learning.get(key)
    if (known) return known
    const learning = this.#note(key, this.#learn(subject, eventName, id))
    learning.then(
      () => this.#waiting.delete(key),
      error => this.#waiting.set(key, error instanceof RegistryError ? error.message : 'the trail could not be asked')
    )
    return learning
  }

  /**
   * A record names a version that its schema is not known to have: it may have been registered again meanwhile. True
   * when the registry is worth asking again: {@link find} has forgotten the id then. Each version counts once in a
   * while, and only so many of them: producers may name any.
   * @param used what the record was read with
   */
  doubt(subject: string, id: number, version: number, used: KnownSchema): boolean {
    const key = keyOf(subject, id)
    // Another caller has asked meanwhile, or is asking.
    if (this.#entries.get(key) !== used) return true
    const now = performance.now()
    let doubt = this.#doubts.get(key)
    if (!doubt || doubt.until < now) {
      doubt = { versions: new Set(), until: now + (this.#options.unusableForMs ?? defaultUnusableForMs) }
      this.#doubts.set(key, doubt)
    }
    if (doubt.versions.has(version) || doubt.versions.size >= maxDoubts) return false
    doubt.versions.add(version)
    this.#entries.delete(key)
    return true
  }

  /**
   * Takes a schema that was seen on the way, so that its first record need not wait for it. A failure is ignored:
   * {@link learn} asks again.
   */
  async warm(subject: string, eventName: string, { id, version, schema }: RegisteredSchema): Promise<void> {
    const key = keyOf(subject, id)
    if (this.#entries.has(key) || this.#learning.has(key)) return
    const compiled = compile(schema, eventName, [version])
    if (!('encode' in compiled)) return
    const keeping = this.#keep(compiled, subject, eventName, id, [version], schema)
    await this.#note(key, keeping).catch(() => undefined)
  }

  /** Callers that ask meanwhile wait for the same answer, which is kept. */
  #note<T extends KnownSchema | UnusableSchema>(key: string, answer: Promise<T>): Promise<T> {
    const noted = answer
      .then(entry => {
        this.#unusable.delete(key)
        if (entry.kind === 'known') this.#entries.set(key, entry)
        else this.#unusable.set(key, entry)
        for (const oldest of this.#unusable.keys()) {
          if (this.#unusable.size <= unusableKept) break
          this.#unusable.delete(oldest)
        }
        return entry
      })
      .finally(() => this.#learning.delete(key))
    this.#learning.set(key, noted)
    return noted
  }

  async #learn(subject: string, eventName: string, id: number): Promise<KnownSchema | UnusableSchema> {
    try {
      return await this.#ask(subject, eventName, id)
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      const kept = await this.#fromTrail(subject, eventName, id)
      if (!kept) throw error
      return kept
    }
  }

  async #ask(subject: string, eventName: string, id: number): Promise<KnownSchema | UnusableSchema> {
    const { registry } = this.#options
    const answer = await twice(id, registry)
    // A registry that was restored from an older copy: the trail has read records of this schema before.
    if ('fault' in answer) {
      const kept = await this.#fromTrail(subject, eventName, id)
      return kept ?? this.#unusableFor(answer.fault.code, answer.fault.reason)
    }
    const { schema } = answer
    // Before anything is made of it: where the trail has another one under this id, no record is to blame.
    const kept = await this.#compare(subject, id, schema)
    if (eventNameOf(schema) !== eventName) {
      return this.#unusableFor('NOT_AN_ENVELOPE', `schema ${id} is not the envelope of ${eventName}`)
    }
    const versions = await registry.versionsOf(subject, id)
    if (versions.length + kept.length === 0) {
      return this.#unusableFor('SCHEMA_NOT_OF_SUBJECT', `schema ${id} is no version of the subject ${subject}`)
    }
    // As with an id that is unknown, one look is not enough to blame records.
    const first = compile(schema, eventName, versions)
    const compiled = 'encode' in first ? first : compile(await registry.schemaById(id), eventName, versions)
    if (!('encode' in compiled)) return this.#unusableFor('SCHEMA_UNUSABLE', compiled.reason)
    return this.#keep(compiled, subject, eventName, id, versions, schema)
  }

  #unusableFor(code: RecordFault['code'], reason: string): UnusableSchema {
    return {
      kind: 'unusable',
      fault: { code, reason },
      until: performance.now() + (this.#options.unusableForMs ?? defaultUnusableForMs)
    }
  }

  async #keep(compiled: KnownSchema, ...kept: Parameters<KeptSchemas['keep']>): Promise<KnownSchema> {
    const all = await this.#kept.keep(...kept).catch(error => this.#distrust(error))
    if (all.length === compiled.versions.length) return compiled
    const [, eventName, , , schema] = kept
    const again = compile(schema, eventName, all)
    return 'encode' in again ? again : compiled
  }

  #compare(subject: string, id: number, schema: AvroSchema): Promise<readonly number[]> {
    return this.#kept.compare(subject, id, schema).catch(error => this.#distrust(error))
  }

  /** A registry that gives one id to another schema may have done so with others: each is asked for again. */
  #distrust(error: unknown): never {
    if (error instanceof TrailError && error.code === 'SCHEMA_CHANGED') {
      this.#entries.clear()
      this.#unusable.clear()
      this.#generation += 1
    }
    throw error
  }

  async #fromTrail(subject: string, eventName: string, id: number): Promise<KnownSchema | undefined> {
    const kept = await this.#kept.of(subject, id)
    const compiled = kept && compile(kept.schema, eventName, kept.versions)
    return compiled && 'encode' in compiled ? compiled : undefined
  }
}

const unusableKept = 10_000
const defaultUnusableForMs = 30_000
/** Versions of one schema that are asked for in that time. */
const maxDoubts = 32

const keyOf = (subject: string, id: number): string => `${subject} ${id}`
const topicOf = (key: string): string => key.slice(0, key.lastIndexOf('-value '))

/** How to read with a schema, or why nothing can: no error, which would be taken for trouble of a server. */
function compile(
  schema: AvroSchema,
  eventName: string,
  versions: readonly number[]
): KnownSchema | { readonly reason: string } {
  try {
    return { kind: 'known', versions, encode: compileRowEncoder(writerType(schema), eventName, versions) }
  } catch (error) {
    return { reason: error instanceof SchemaError ? error.message : 'the schema cannot be compiled' }
  }
}

/**
 * What the registry knows of an id itself. "Unknown" counts only after a second look: a registry that was just started
 * or is a replica may lag. Any other answer, that it refuses access for instance, is about no record.
 */
async function twice(
  id: number,
  registry: Pick<Registry, 'schemaById'>
): Promise<{ readonly schema: AvroSchema } | { readonly fault: RecordFault }> {
  for (let looks = 1; ; looks += 1) {
    try {
      return { schema: await registry.schemaById(id) }
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      if (error.code === 'SCHEMA_UNSUPPORTED') return { fault: { code: 'NOT_AN_ENVELOPE', reason: error.message } }
      if (error.code !== 'SCHEMA_UNKNOWN') throw error
      if (looks > 1) {
        const reason = `neither the registry nor the trail has a schema ${id}`
        return { fault: { code: 'SCHEMA_UNKNOWN', reason } }
      }
      await pause(250)
    }
  }
}
