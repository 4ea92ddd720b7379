import { isDeepStrictEqual } from 'node:util'
import { type Logger, silentLogger } from '../core/log.ts'
import { RegistryError } from './errors.ts'
import { type Answer, RegistryHttp } from './http.ts'
import type { AvroSchema } from './types.ts'

export interface RegistryOptions {
  /** Its Confluent-compatible API; credentials in it are used and never shown. */
  readonly url: string
  readonly auth?: { readonly username: string; readonly password: string }
  /** Longest wait for one answer, ms. Default 10,000. */
  readonly timeoutMs?: number
  /** Default: silent. */
  readonly log?: Logger
  /** Told after each question whether there was an answer. Default: nobody is told. */
  readonly onReach?: (reached: boolean) => void
}

/** Where a schema stands in a subject. */
export interface Registered {
  /** Global id: what stands in front of every value. One id can stand in several subjects. */
  readonly id: number
  /** Number in the subject: 1, 2, 3 … */
  readonly version: number
}

export interface RegisteredSchema extends Registered {
  readonly schema: AvroSchema
}

/**
 * The schema registry. It keeps nothing: whoever calls it keeps the answers (by subject and id). Equal calls that
 * are under way at the same time are asked once. Every call throws RegistryError `REGISTRY_UNREACHABLE` (retryable)
 * or `REGISTRY_REFUSED`, and what else it names.
 */
export interface Registry {
  subjects(): Promise<readonly string[]>
  /** @throws RegistryError `SCHEMA_UNKNOWN`, `SCHEMA_UNSUPPORTED` (no Avro, or one that refers to others) */
  schemaById(id: number): Promise<AvroSchema>
  /** The version that the schema of an id has in a subject; undefined when it is none of its schemas. */
  versionOf(subject: string, id: number): Promise<number | undefined>
  /** @throws RegistryError `SUBJECT_UNKNOWN` */
  versions(subject: string): Promise<readonly number[]>
  /** @throws RegistryError `SUBJECT_UNKNOWN` */
  latest(subject: string): Promise<RegisteredSchema>
  /** @throws RegistryError `SUBJECT_UNKNOWN` when the subject or that version of it is not there */
  schemaAt(subject: string, version: number): Promise<RegisteredSchema>
  /** Where this schema stands in a subject, whatever the order of its attributes; undefined when it does not. */
  lookup(subject: string, schema: AvroSchema): Promise<Registered | undefined>
  /** Registers a schema; one that stands there already is found again. @throws RegistryError `REGISTRY_REFUSED` with the reason */
  register(subject: string, schema: AvroSchema): Promise<Registered>
  /** Whether a schema may join a subject. A subject that does not exist takes any. */
  compatible(subject: string, schema: AvroSchema): Promise<{ compatible: boolean; messages: readonly string[] }>
  setCompatibility(subject: string, level: 'FULL_TRANSITIVE'): Promise<void>
  /** Resolves when the registry answers. */
  ping(): Promise<void>
}

/** Makes a client of the registry; nothing is asked before it is used. */
export function createRegistry(options: RegistryOptions): Registry {
  return new RegistryClient(options)
}

class RegistryClient implements Registry {
  readonly #http: RegistryHttp
  readonly #options: RegistryOptions
  readonly #timeoutMs: number
  readonly #log: Logger
  readonly #underWay = new Map<string, Promise<unknown>>()

  constructor(options: RegistryOptions) {
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? 10_000
    this.#log = options.log ?? silentLogger
    this.#http = new RegistryHttp({ ...options, timeoutMs: this.#timeoutMs })
  }

  subjects(): Promise<readonly string[]> {
    return this.#once('subjects', async () => {
      const answer = await this.#http.get('/subjects')
      return this.#expect<string[]>(answer, 'to list its subjects')
    })
  }

  schemaById(id: number): Promise<AvroSchema> {
    return this.#once(`schema ${id}`, async () => {
      // Not by the Kafka client's library: it gives a codec of its own making, not the schema.
      const answer = await this.#http.get(`/schemas/ids/${id}`)
      if (isAbsent(answer))
        throw new RegistryError('SCHEMA_UNKNOWN', `The schema registry has no schema of the id ${id}`)
      return parseAvro(this.#expect<SchemaAnswer>(answer, `to give schema ${id}`), `id ${id}`)
    })
  }

  versionOf(subject: string, id: number): Promise<number | undefined> {
    return this.#once(`version ${id} ${subject}`, async () => {
      const answer = await this.#http.get(`/schemas/ids/${id}/versions`)
      if (isAbsent(answer)) return undefined
      const places = this.#expect<{ subject: string; version: number }[]>(
        answer,
        `to give the versions of schema ${id}`
      )
      return places.find(place => place.subject === subject)?.version
    })
  }

  versions(subject: string): Promise<readonly number[]> {
    return this.#once(`versions ${subject}`, async () => {
      const answer = await this.#http.get(`${pathOf(subject)}/versions`)
      if (isAbsent(answer)) throw unknownSubject(subject)
      return this.#expect<number[]>(answer, `to list the versions of ${subject}`)
    })
  }

  latest(subject: string): Promise<RegisteredSchema> {
    return this.#at(subject, 'latest')
  }

  schemaAt(subject: string, version: number): Promise<RegisteredSchema> {
    return this.#at(subject, version)
  }

  #at(subject: string, version: number | 'latest'): Promise<RegisteredSchema> {
    return this.#once(`at ${version} ${subject}`, async () => {
      const answer = await this.#http.get(`${pathOf(subject)}/versions/${version}`)
      if (isAbsent(answer)) throw unknownSubject(subject, version)
      const found = this.#expect<SchemaAnswer & Registered>(answer, `to give version ${version} of ${subject}`)
      return { id: found.id, version: found.version, schema: parseAvro(found, subject) }
    })
  }

  lookup(subject: string, schema: AvroSchema): Promise<Registered | undefined> {
    const text = JSON.stringify(schema)
    return this.#once(`lookup ${subject} ${text}`, async () => {
      const answer = await this.#http.post(pathOf(subject), { schema: text })
      // 40401 is "no such subject", anything else "not this text": registries compare the text as it is.
      if (isAbsent(answer)) return answer.errorCode === 40401 ? undefined : this.#search(subject, schema)
      const { id, version } = this.#expect<Registered>(answer, `to look up a schema in ${subject}`)
      return { id, version }
    })
  }

  async #search(subject: string, schema: AvroSchema): Promise<Registered | undefined> {
    const versions = await this.versions(subject)
    for (const version of versions.toReversed()) {
      const { id, schema: registered } = await this.schemaAt(subject, version)
      if (isDeepStrictEqual(registered, JSON.parse(JSON.stringify(schema)))) return { id, version }
    }
    return undefined
  }

  register(subject: string, schema: AvroSchema): Promise<Registered> {
    return this.#once(`register ${subject} ${JSON.stringify(schema)}`, async () => {
      const known = await this.lookup(subject, schema)
      if (known) return known
      const id = await this.#registerId(subject, schema)
      const found = await this.lookup(subject, schema)
      if (found?.id !== id) throw this.#http.unreachable(`it does not show the schema it just took for ${subject}`)
      this.#log.debug({ subject, ...found }, 'registered a schema')
      return found
    })
  }

  compatible(subject: string, schema: AvroSchema): Promise<{ compatible: boolean; messages: readonly string[] }> {
    const text = JSON.stringify(schema)
    return this.#once(`compatible ${subject} ${text}`, async () => {
      const path = `/compatibility${pathOf(subject)}/versions?verbose=true`
      const answer = await this.#http.post(path, { schema: text })
      if (isAbsent(answer)) return { compatible: true, messages: [] }
      const { is_compatible, messages } = this.#expect<{ is_compatible: boolean; messages?: string[] }>(
        answer,
        `to compare a schema with ${subject}`
      )
      return { compatible: is_compatible, messages: messages ?? [] }
    })
  }

  async setCompatibility(subject: string, level: 'FULL_TRANSITIVE'): Promise<void> {
    const answer = await this.#http.put(`/config/${encodeURIComponent(subject)}`, { compatibility: level })
    this.#expect(answer, `to set the compatibility of ${subject}`)
  }

  async ping(): Promise<void> {
    await this.#once('ping', async () => this.#expect(await this.#http.get('/schemas/types'), 'to answer'))
  }

  // Loaded here, because nothing but registering needs it.
  async #registerId(subject: string, schema: AvroSchema): Promise<number> {
    const { COMPATIBILITY, SchemaRegistry, SchemaType } = await import('@kafkajs/confluent-schema-registry')
    const auth = this.#options.auth
    const timeout = this.#timeoutMs
    const client = new SchemaRegistry({
      host: this.#http.address,
      ...(auth && { auth }),
      middlewares: [() => ({ prepareRequest: async next => (await next()).enhance({ timeout }) })]
    })
    try {
      const confluent = { type: SchemaType.AVRO, schema: JSON.stringify(schema) } as const
      const { id } = await client.register(confluent, { subject, compatibility: COMPATIBILITY.FULL_TRANSITIVE })
      return id
    } catch (error) {
      const status = error instanceof Error && 'status' in error ? Number(error.status) : 0
      if (status >= 500) throw this.#http.unreachable(`it answers ${status}`)
      // The library says 400 when there was no answer at all.
      if (status === 400) await this.ping()
      throw this.#http.refused({ status, body: error }, `to register a schema for ${subject}`)
    }
  }

  #expect<Body>(answer: Answer, what: string): Body {
    if (answer.body === undefined || answer.status === 404)
      throw this.#http.unreachable(`what answers there (${answer.status}) is no registry. Is the address right?`)
    if (answer.status >= 400) throw this.#http.refused(answer, what)
    return answer.body as Body
  }

  #once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const running = this.#underWay.get(key) as Promise<T> | undefined
    if (running) return running
    const asked = ask().finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, asked)
    return asked
  }
}

interface SchemaAnswer {
  readonly schema: string
  readonly schemaType?: string
  readonly references?: readonly unknown[]
}

function parseAvro({ schema, schemaType = 'AVRO', references = [] }: SchemaAnswer, what: string): AvroSchema {
  if (schemaType === 'AVRO' && references.length === 0) {
    try {
      return JSON.parse(schema) as AvroSchema
    } catch {
      // Told below.
    }
  }
  throw new RegistryError('SCHEMA_UNSUPPORTED', `The schema of ${what} is not one whole Avro schema`)
}

// A registry gives its own code with every 404. Without one something else answered, a proxy perhaps, and nothing
// is known of what was asked for.
const isAbsent = ({ status, errorCode }: Answer): boolean => status === 404 && errorCode !== undefined

const pathOf = (subject: string): string => `/subjects/${encodeURIComponent(subject)}`

function unknownSubject(subject: string, version?: number | 'latest'): RegistryError {
  const what = typeof version === 'number' ? `version ${version} of the subject` : 'subject'
  return new RegistryError('SUBJECT_UNKNOWN', `The schema registry has no ${what} ${subject}`)
}
