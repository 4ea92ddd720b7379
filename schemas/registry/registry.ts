import { isDeepStrictEqual } from 'node:util'
import { checkOptions, type Logger, OptionsError, type Rules, rule, silentLogger } from '../../core/index.ts'
import type { AvroSchema } from '../avro/index.ts'
import { RegistryError } from '../errors.ts'
import * as shapes from './answers.ts'
import { RefusedAnswer, throughOurs } from './library.ts'
import { type RegistryConnection, registryRules } from './options.ts'
import { wholeSchema } from './references.ts'
import { listSubjects, type SubjectList } from './subjects.ts'
import { type Answer, RegistryHttp } from './transport/index.ts'

export interface RegistryOptions extends RegistryConnection {
  /** Longest wait for one answer of one address, ms, from 1 to 2^31 - 1. Default 10,000. */
  readonly timeoutMs?: number
  /** Default: silent. */
  readonly log?: Logger
  /** Called after each question: whether there was an answer, and why not in words. Default: no one is called. */
  readonly onReach?: (reached: boolean, why?: string) => void
}

/** The place of a schema in a subject. */
export interface Registered {
  /** Global id: what is in front of every value. One id can be in several subjects. */
  readonly id: number
  /** Number in the subject: 1, 2, 3 … */
  readonly version: number
}

export interface RegisteredSchema extends Registered {
  readonly schema: AvroSchema
}

/**
 * The schema registry. It keeps nothing: the caller keeps the answers (by subject and id). Equal calls that
 * are under way at the same time are asked once. Every call throws RegistryError `REGISTRY_UNAVAILABLE` and
 * `REGISTRY_UNTRUSTED` (both retryable), `REGISTRY_UNAUTHENTICATED`, `REGISTRY_FORBIDDEN`, `REGISTRY_REFUSED`, and what
 * else it names.
 */
export interface Registry {
  /** All subjects, of however many pages. */
  subjects(): Promise<SubjectList>
  /**
   * The schema of an id; what it refers to in other subjects is put into it.
   * @throws RegistryError `SCHEMA_UNKNOWN`, `SCHEMA_UNSUPPORTED` (no Avro, or what it refers to is not there)
   */
  schemaById(id: number): Promise<AvroSchema>
  /**
   * The versions that the schema of an id has or had in a subject, deleted ones too: a version that was deleted and
   * registered again has another number. None when it never was one of its schemas.
   */
  versionsOf(subject: string, id: number): Promise<readonly number[]>
  /** @throws RegistryError `SUBJECT_UNKNOWN` */
  versions(subject: string): Promise<readonly number[]>
  /** @throws RegistryError `SUBJECT_UNKNOWN`, `SCHEMA_UNSUPPORTED` */
  latest(subject: string): Promise<RegisteredSchema>
  /**
   * A version of a subject, be it deleted.
   * @throws RegistryError `SUBJECT_UNKNOWN` when the subject or that version of it is not there, `SCHEMA_UNSUPPORTED`
   */
  schemaAt(subject: string, version: number): Promise<RegisteredSchema>
  /** The place of this schema in a subject, whatever the order of its attributes; undefined when it does not. */
  lookup(subject: string, schema: AvroSchema): Promise<Registered | undefined>
  /** Registers a schema; one that is there already is found again. @throws RegistryError `REGISTRY_REFUSED` with the reason */
  register(subject: string, schema: AvroSchema): Promise<Registered>
  /** Whether a schema may join a subject. A subject that does not exist takes any. */
  compatible(subject: string, schema: AvroSchema): Promise<{ compatible: boolean; messages: readonly string[] }>
  /** Sets the compatibility of a subject, unless it has it already: then the right to change it is not needed. */
  setCompatibility(subject: string, level: 'FULL_TRANSITIVE'): Promise<void>
  /** Resolves when the registry answers. */
  ping(): Promise<void>
}

const rules: Rules<RegistryOptions> = {
  ...registryRules,
  timeoutMs: rule.duration(1),
  log: rule.logger,
  onReach: rule.function()
}

/** Makes a client of the registry; nothing is asked before it is used. @throws OptionsError */
export function createRegistry(options: RegistryOptions): Registry {
  return new RegistryClient(options)
}

class RegistryClient implements Registry {
  readonly #http: RegistryHttp
  readonly #log: Logger
  readonly #underWay = new Map<string, Promise<unknown>>()

  constructor(options: RegistryOptions) {
    checkOptions(options, rules)
    const { url, tls, timeoutMs = 10_000 } = options
    // It would be passed over, and the login sent in the clear.
    if (tls !== undefined && ![url].flat().some(each => each.startsWith('https:')))
      throw new OptionsError('tls', 'left out where no `url` begins with https://')
    this.#log = options.log ?? silentLogger
    this.#http = new RegistryHttp({ ...options, timeoutMs })
  }

  subjects(): Promise<SubjectList> {
    return this.#once('subjects', () =>
      listSubjects(this.#http, answer => this.#expect(answer, 'to list its subjects', shapes.strings))
    )
  }

  schemaById(id: number): Promise<AvroSchema> {
    return this.#once(`schema ${id}`, async () => {
      // Not by the Kafka client's library: it gives a codec of its own making, not the schema.
      const answer = await this.#http.get(`/schemas/ids/${id}`)
      // Any other 404 is about something else than the id.
      if (answer.status === 404 && answer.errorCode === 40403)
        throw new RegistryError('SCHEMA_UNKNOWN', `The schema registry has no schema of the id ${id}`)
      const found = this.#expect(answer, `to give schema ${id}`, shapes.schemaAnswer)
      return wholeSchema(found, `id ${id}`, this.#referenced)
    })
  }

  versionsOf(subject: string, id: number): Promise<readonly number[]> {
    return this.#once(`versions of ${id} in ${subject}`, async () => {
      const answer = await this.#http.get(`/schemas/ids/${id}/versions?deleted=true`)
      if (isAbsent(answer)) return []
      const places = this.#expect(answer, `to give the versions of schema ${id}`, shapes.places)
      return places.flatMap(place => (place.subject === subject ? [place.version] : [])).sort((a, b) => a - b)
    })
  }

  versions(subject: string): Promise<readonly number[]> {
    return this.#once(`versions ${subject}`, async () => {
      const answer = await this.#http.get(`${pathOf(subject)}/versions`)
      if (isAbsent(answer)) throw unknownSubject(subject)
      return this.#expect(answer, `to list the versions of ${subject}`, shapes.numbers)
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
      const { id, version: number, ...found } = await this.#answerAt(subject, version)
      return { id, version: number, schema: await wholeSchema(found, subject, this.#referenced) }
    })
  }

  async #answerAt(subject: string, version: number | 'latest') {
    const deleted = version === 'latest' ? '' : '?deleted=true'
    const answer = await this.#http.get(`${pathOf(subject)}/versions/${version}${deleted}`)
    if (isAbsent(answer)) throw unknownSubject(subject, version)
    return this.#expect(answer, `to give version ${version} of ${subject}`, shapes.placedSchema)
  }

  readonly #referenced = (subject: string, version: number) => this.#answerAt(subject, version)

  lookup(subject: string, schema: AvroSchema): Promise<Registered | undefined> {
    const text = JSON.stringify(schema)
    return this.#once(`lookup ${subject} ${text}`, async () => {
      const answer = await this.#http.post(pathOf(subject), { schema: text })
      // 40401 is "no such subject", anything else "not this text": most registries compare the text as it is.
      if (isAbsent(answer)) return answer.errorCode === 40401 ? undefined : this.#search(subject, schema)
      const place = this.#expect(answer, `to look up a schema in ${subject}`, shapes.place)
      // Apicurio 3.3 also finds one that differs in its words: its text decides.
      const given = shapes.schemaAnswer(answer.body)
      const registered = given
        ? await wholeSchema(given, subject, this.#referenced)
        : (await this.schemaAt(subject, place.version)).schema
      return isSame(schema, registered) ? { id: place.id, version: place.version } : this.#search(subject, schema)
    })
  }

  async #search(subject: string, schema: AvroSchema): Promise<Registered | undefined> {
    // A subject that was deleted and can be brought back is looked up as if it were there.
    for (const version of (await this.#versionsIfAny(subject)).toReversed()) {
      const { id, schema: registered } = await this.schemaAt(subject, version)
      if (isSame(schema, registered)) return { id, version }
    }
    return undefined
  }

  async #versionsIfAny(subject: string): Promise<readonly number[]> {
    try {
      return await this.versions(subject)
    } catch (error) {
      if (error instanceof RegistryError && error.code === 'SUBJECT_UNKNOWN') return []
      throw error
    }
  }

  register(subject: string, schema: AvroSchema): Promise<Registered> {
    return this.#once(`register ${subject} ${JSON.stringify(schema)}`, async () => {
      const known = await this.lookup(subject, schema)
      if (known) return known
      const id = await this.#registerId(subject, schema)
      const found = await this.lookup(subject, schema)
      if (!found && (await this.versionsOf(subject, id)).length > 0)
        throw this.#http.refused(
          { status: 0, body: undefined },
          `to register a schema for ${subject} next to one that differs from it in words or order alone`
        )
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
      return this.#expect(answer, `to compare a schema with ${subject}`, shapes.verdict)
    })
  }

  async setCompatibility(subject: string, level: 'FULL_TRANSITIVE'): Promise<void> {
    const path = `/config/${encodeURIComponent(subject)}`
    const now = await this.#http.get(path)
    // 404: it has none of its own.
    if (now.status !== 404 && shapes.compatibility(now.body) === level) return
    const answer = await this.#http.put(path, { compatibility: level })
    this.#expect(answer, `to set the compatibility of ${subject}`, shapes.anything)
  }

  async ping(): Promise<void> {
    await this.#once('ping', async () =>
      this.#expect(await this.#http.get('/schemas/types'), 'to answer', shapes.strings)
    )
  }

  // Loaded here, because nothing but registering needs it.
  async #registerId(subject: string, schema: AvroSchema): Promise<number> {
    const { COMPATIBILITY, SchemaRegistry, SchemaType } = await import('@kafkajs/confluent-schema-registry')
    const client = new SchemaRegistry({
      host: this.#http.address,
      middlewares: [throughOurs((method, path, text) => this.#sendForLibrary(method, path, text))]
    })
    try {
      const confluent = { type: SchemaType.AVRO, schema: JSON.stringify(schema) } as const
      const { id } = await client.register(confluent, { subject, compatibility: COMPATIBILITY.FULL_TRANSITIVE })
      return id
    } catch (error) {
      if (error instanceof RegistryError) throw error
      const { status, body } = error instanceof RefusedAnswer ? error : { status: 0, body: error }
      throw this.#http.refused({ status, body }, `to register a schema for ${subject}`)
    }
  }

  async #sendForLibrary(method: string, path: string, text?: string): Promise<Answer> {
    const answer = await this.#http.send(method, path, text)
    // The library takes any 2xx for an answer of a registry.
    if (answer.status < 400) this.#expect(answer, 'to register a schema', shapes.anyObject)
    return answer
  }

  #expect<T>(answer: Answer, what: string, shape: (body: unknown) => T | undefined): T {
    const { status, body, isHtml } = answer
    if (body !== undefined && status >= 400 && status !== 404) throw this.#http.refused(answer, what)
    const found = status < 400 ? shape(body) : undefined
    if (found === undefined)
      throw this.#http.unreachable(
        isHtml
          ? `a web page answers there (${status}), no registry: a login page or a proxy perhaps. Check SCHEMA_REGISTRY_URL`
          : `what answers there (${status}) is no registry. Is the address right?`
      )
    return found
  }

  #once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const running = this.#underWay.get(key) as Promise<T> | undefined
    if (running) return running
    const asked = ask().finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, asked)
    return asked
  }
}

// A registry gives its own code with every 404. Without one something else answered, a proxy perhaps, and nothing
// is known of what was asked for.
const isAbsent = ({ status, errorCode = 0 }: Answer): boolean => status === 404 && errorCode > 40_400

const isSame = (schema: AvroSchema, registered: AvroSchema): boolean =>
  isDeepStrictEqual(registered, JSON.parse(JSON.stringify(schema)))

const pathOf = (subject: string): string => `/subjects/${encodeURIComponent(subject)}`

function unknownSubject(subject: string, version?: number | 'latest'): RegistryError {
  const what = typeof version === 'number' ? `version ${version} of the subject` : 'subject'
  return new RegistryError('SUBJECT_UNKNOWN', `The schema registry has no ${what} ${subject}`)
}
