import { createHash } from 'node:crypto'
import type pg from 'pg'
import { pause } from '../core/backoff.ts'
import {
  type AvroSchema,
  eventNameOf,
  type RegisteredSchema,
  type Registry,
  RegistryError,
  SchemaError,
  writerType
} from '../schemas/index.ts'
import { type Refusal, SinkError } from './errors.ts'
import { compileRowEncoder, type RowEncoder } from './row-encoder.ts'

/** How to read the values that name one schema id in one topic. */
export interface KnownSchema {
  readonly kind: 'known'
  /** Version in the subject, as the registry says: what is stored. */
  readonly version: number
  readonly encode: RowEncoder
}

/** The id cannot be used in this topic: its records are quarantined. */
export interface UnusableSchema {
  readonly kind: 'unusable'
  readonly refusal: Refusal
  /** Until when this is believed without asking again, ms since 1970. */
  readonly until: number
}

export interface SchemaBookOptions {
  readonly registry: Registry
  readonly pool: pg.Pool
  /** ms for which an unusable id is not asked for again. Default 30,000. */
  readonly unusableForMs?: number
}

/**
 * The schemas that the sink has met, by subject and id (one id can stand in several subjects with different
 * versions). Each is also written into the trail, so that the trail can be read without a registry, and so that a
 * registry which gives an old id to a new schema is noticed.
 */
export class SchemaBook {
  readonly #options: SchemaBookOptions
  readonly #entries = new Map<string, KnownSchema | UnusableSchema>()
  readonly #learning = new Map<string, Promise<KnownSchema | UnusableSchema>>()

  /** Why the schemas that were asked for last are not known yet. */
  readonly #waiting = new Map<string, string>()

  constructor(options: SchemaBookOptions) {
    this.#options = options
  }

  /** What records wait for, in words: each that could not be learnt at the last try, and why. */
  get waiting(): readonly string[] {
    return [...this.#waiting].map(([key, why]) => `records of ${topicOf(key)} wait for their schema: ${why}`)
  }

  /** What is known without asking anybody; undefined means {@link learn}. */
  find(subject: string, id: number): KnownSchema | UnusableSchema | undefined {
    const entry = this.#entries.get(keyOf(subject, id))
    return entry?.kind === 'unusable' && entry.until < performance.now() ? undefined : entry
  }

  /**
   * Asks the registry, once for any number of callers. When it is out of reach, or has forgotten, the trail's own copy
   * serves.
   * @throws RegistryError whatever is no answer about the id; a database error (both worth a retry)
   * @throws SinkError `SCHEMA_CHANGED` when the id stood for another schema before
   */
  learn(subject: string, eventName: string, id: number): Promise<KnownSchema | UnusableSchema> {
    const key = keyOf(subject, id)
    return this.#learning.get(key) ?? this.#note(key, this.#learn(subject, eventName, id))
  }

  /**
   * Takes a schema that was heard of on the way, so that its first record need not wait for it. A failure is nobody's
   * yet: {@link learn} asks again.
   */
  async warm(subject: string, eventName: string, { id, version, schema }: RegisteredSchema): Promise<void> {
    const key = keyOf(subject, id)
    if (this.#entries.has(key) || this.#learning.has(key)) return
    const compiled = compile(schema, eventName, version)
    if (!('encode' in compiled)) return
    const keeping = this.#keep(subject, version, id, schema).then(() => compiled)
    await this.#note(key, keeping).catch(() => undefined)
  }

  /** Whoever asks meanwhile waits for the same answer, and it is kept. */
  #note<T extends KnownSchema | UnusableSchema>(key: string, answer: Promise<T>): Promise<T> {
    const noted = answer
      .then(entry => {
        this.#entries.set(key, entry)
        return entry
      })
      .finally(() => this.#learning.delete(key))
    this.#learning.set(key, noted)
    noted.then(
      () => this.#waiting.delete(key),
      error => this.#waiting.set(key, error instanceof RegistryError ? error.message : 'the trail could not be asked')
    )
    return noted
  }

  async #learn(subject: string, eventName: string, id: number): Promise<KnownSchema | UnusableSchema> {
    try {
      return await this.#ask(subject, eventName, id)
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      const kept = await this.#kept(subject, eventName, id)
      if (!kept) throw error
      return kept
    }
  }

  async #ask(subject: string, eventName: string, id: number): Promise<KnownSchema | UnusableSchema> {
    const { registry } = this.#options
    const answer = await twice(id, registry)
    // A registry that was restored from an older copy: the trail has read records of this schema before.
    if ('refusal' in answer) {
      const kept = await this.#kept(subject, eventName, id)
      return kept ?? this.#unusable(answer.refusal.code, answer.refusal.reason)
    }
    const { schema } = answer
    await this.#compare(subject, id, schema)
    if (eventNameOf(schema) !== eventName) {
      return this.#unusable('NOT_AN_ENVELOPE', `schema ${id} is not the envelope of ${eventName}`)
    }
    const version = (await registry.versionsOf(subject, id)).at(-1)
    if (version === undefined) {
      return this.#unusable('SCHEMA_NOT_OF_SUBJECT', `schema ${id} is no version of the subject ${subject}`)
    }
    // As with an id that is unknown, one look is not enough to blame records.
    const first = compile(schema, eventName, version)
    const compiled = 'encode' in first ? first : compile(await registry.schemaById(id), eventName, version)
    if (!('encode' in compiled)) return this.#unusable('SCHEMA_UNUSABLE', compiled.reason)
    await this.#keep(subject, version, id, schema)
    return compiled
  }

  #unusable(code: Refusal['code'], reason: string): UnusableSchema {
    return {
      kind: 'unusable',
      refusal: { code, reason },
      until: performance.now() + (this.#options.unusableForMs ?? 30_000)
    }
  }

  async #keep(subject: string, version: number, id: number, schema: AvroSchema): Promise<void> {
    const { pool } = this.#options
    const fingerprint = fingerprintOf(schema)
    await pool.query(
      `INSERT INTO sink_schemas (subject, version, id, fingerprint, schema) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING`,
      [subject, version, id, fingerprint, JSON.stringify(schema)]
    )
    const { rows } = await pool.query<{ fingerprint: string; version: number; id: number }>(
      'SELECT fingerprint, version, id FROM sink_schemas WHERE subject = $1 AND (version = $2 OR id = $3)',
      [subject, version, id]
    )
    const same = rows.every(row => row.fingerprint === fingerprint && row.version === version && row.id === id)
    if (!same) throw changed(id, `${subject}, version ${version}`)
  }

  /** Before anything is made of it: where the trail has another schema under this id, no record of it is to blame. */
  async #compare(subject: string, id: number, schema: AvroSchema): Promise<void> {
    const { rows } = await this.#options.pool.query<{ fingerprint: string }>(
      'SELECT fingerprint FROM sink_schemas WHERE subject = $1 AND id = $2',
      [subject, id]
    )
    const [kept] = rows
    if (kept && kept.fingerprint !== fingerprintOf(schema)) throw changed(id, subject)
  }

  async #kept(subject: string, eventName: string, id: number): Promise<KnownSchema | undefined> {
    const { rows } = await this.#options.pool.query<{ version: number; schema: AvroSchema }>(
      'SELECT version, schema FROM sink_schemas WHERE subject = $1 AND id = $2',
      [subject, id]
    )
    const [row] = rows
    const compiled = row && compile(row.schema, eventName, row.version)
    return compiled && 'encode' in compiled ? compiled : undefined
  }
}

function changed(id: number, where: string): SinkError {
  return new SinkError(
    'SCHEMA_CHANGED',
    `Schema ${id} (${where}) is not the one that the trail has under this number: the registry has lost its memory or is another one. Nothing is decoded until it is restored.`
  )
}

const keyOf = (subject: string, id: number): string => `${subject} ${id}`
const topicOf = (key: string): string => key.slice(0, key.lastIndexOf('-value '))

/** How to read with a schema, or why nothing can: no error, which would be taken for trouble of a server. */
function compile(schema: AvroSchema, eventName: string, version: number): KnownSchema | { readonly reason: string } {
  try {
    return { kind: 'known', version, encode: compileRowEncoder(writerType(schema), eventName, version) }
  } catch (error) {
    return { reason: error instanceof SchemaError ? error.message : 'the schema cannot be compiled' }
  }
}

/**
 * What the registry says of an id itself. "Unknown" counts only after a second look: a registry that was just started
 * or is a replica may lag. Whatever else it says, that it does not let us in for instance, is about no record.
 */
async function twice(
  id: number,
  registry: Pick<Registry, 'schemaById'>
): Promise<{ readonly schema: AvroSchema } | { readonly refusal: Refusal }> {
  for (let looks = 1; ; looks += 1) {
    try {
      return { schema: await registry.schemaById(id) }
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      if (error.code === 'SCHEMA_UNSUPPORTED') return { refusal: { code: 'NOT_AN_ENVELOPE', reason: error.message } }
      if (error.code !== 'SCHEMA_UNKNOWN') throw error
      if (looks > 1) {
        const reason = `neither the registry nor the trail has a schema ${id}`
        return { refusal: { code: 'SCHEMA_UNKNOWN', reason } }
      }
      await pause(250)
    }
  }
}

function fingerprintOf(schema: AvroSchema): string {
  let text: string
  try {
    text = JSON.stringify(sorted(schema))
  } catch (error) {
    // It nests deeper than the stack does. No schema that was ever kept does.
    if (!(error instanceof RangeError)) throw error
    return 'none'
  }
  return createHash('sha256').update(text).digest('hex')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)])
  )
}
